package ui

import (
	"fmt"
	"time"
)

// Number writes a number with a comma between thousands: 12,345.
func Number[N int | uint64](n N) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Quantity writes a number with its noun: "1 client", "12,345 clients".
func Quantity(n int, singular, plural string) string {
	if n == 1 {
		return "1 " + singular
	}
	return Number(n) + " " + plural
}

// The layouts of times on pages.
const (
	DateLayout   = "2 Jan 2006"
	MinuteLayout = "2 Jan 2006, 15:04"
	SecondLayout = "2 Jan 2006, 15:04:05"
)

// Minute writes a time to the minute and says that it is in UTC.
func Minute(t time.Time) string { return t.UTC().Format(MinuteLayout) + " UTC" }
