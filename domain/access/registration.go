package access

// A RegistrationMode says who may register clients.
type RegistrationMode string

// The values of RegistrationMode.
const (
	RegistrationOpen   RegistrationMode = "open"   // everybody (RFC 7591 3)
	RegistrationToken  RegistrationMode = "token"  // holders of an initial access token
	RegistrationClosed RegistrationMode = "closed" // nobody
)
