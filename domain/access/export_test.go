package access

// CheapHash is a hash of a password at the least cost, for tests that check many passwords.
func CheapHash(password string) string {
	return passwordHash{memory: 8, passes: 1, threads: 1, salt: []byte("saltsalt")}.with(password).String()
}
