package loadtest

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Process is a process of this machine, by its id, as Linux shows it below /proc.
type Process int

// tick is the unit of processor time below /proc: a hundredth of a second on every architecture that Go runs on.
const tick = 10 * time.Millisecond

// CPU returns the processor time that the process has used, in its own code and in the kernel.
func (p Process) CPU() (time.Duration, error) {
	content, err := os.ReadFile(p.file("stat"))
	if err != nil {
		return 0, err
	}
	// The name of the command, the second field, stands in parentheses and may hold anything.
	fields := strings.Fields(string(content[bytes.LastIndexByte(content, ')')+1:]))
	const user, system = 14 - 3, 15 - 3 // proc(5) counts from 1, and two fields are cut off
	var ticks uint64
	for _, i := range []int{user, system} {
		if i >= len(fields) {
			return 0, fmt.Errorf("%s has too few fields", p.file("stat"))
		}
		n, err := strconv.ParseUint(fields[i], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", p.file("stat"), err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}

// Memory returns how many bytes of the process are in memory, those that it shares with others included.
func (p Process) Memory() (int64, error) { return p.status("VmRSS:") }

// PeakMemory returns the most that Memory was since the process began, or since ForgetPeak.
func (p Process) PeakMemory() (int64, error) { return p.status("VmHWM:") }

// ForgetPeak has PeakMemory begin anew.
func (p Process) ForgetPeak() error {
	return os.WriteFile(p.file("clear_refs"), []byte("5"), 0) // proc(5)
}

// status returns a size of the process.
func (p Process) status(name string) (int64, error) {
	content, err := os.ReadFile(p.file("status"))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(content)) {
		if rest, found := strings.CutPrefix(line, name); found {
			kilobytes, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("%s has no %s", p.file("status"), name)
}

// OpenFiles returns how many files, sockets and pipes the process has open.
func (p Process) OpenFiles() (int, error) {
	entries, err := os.ReadDir(p.file("fd"))
	return len(entries), err
}

func (p Process) file(name string) string {
	return fmt.Sprintf("/proc/%d/%s", int(p), name)
}
