package access

// CheapHash is HashPassword at the least cost, for tests that check many passwords.
func CheapHash(password string) string {
	return hashWith(passwordHash{memory: 8, passes: 1, threads: 1, salt: []byte("saltsalt")}, password)
}
