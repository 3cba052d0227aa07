package access

// A Credential is a kind of credentials that a caller can present.
type Credential string

// The kinds of credentials.
const (
	InitialAccessToken      Credential = "initial access token"      // RFC 7591 3
	RegistrationAccessToken Credential = "registration access token" // RFC 7592 2
	Password                Credential = "password"                  // with the name of an administrator
	APIToken                Credential = "API token"                 // of an administrator or auditor
	AuthorityToken          Credential = "authorization server token"
)

// A Role says who may call an endpoint.
type Role int

// The roles.
const (
	// Anyone needs no credentials; what is presented is not looked at.
	Anyone Role = iota
	// Registrant is anyone where registration is open, and else the holder of an initial access token. A token
	// that is presented must be accepted in both.
	Registrant
	// ClientItself is the client that the endpoint is about, by its registration access token.
	ClientItself
	// ClientOrAdministrator is ClientItself, or an administrator by name and password.
	ClientOrAdministrator
	// Administrator is an administrator by name and password, or an administrator or auditor by API token.
	Administrator
	// AuthorizationServer is a server that lives on the registry, by a token of its own. It sees hashes of secrets, which
	// administrators do not, and changes nothing of the registry, which they do: neither has the other's role.
	AuthorizationServer
)

// Accepts returns the kinds of credentials by which a caller has the role, none for Anyone.
func (r Role) Accepts() []Credential {
	switch r {
	case Registrant:
		return []Credential{InitialAccessToken}
	case ClientItself:
		return []Credential{RegistrationAccessToken}
	case ClientOrAdministrator:
		return []Credential{RegistrationAccessToken, Password}
	case Administrator:
		return []Credential{Password, APIToken}
	case AuthorizationServer:
		return []Credential{AuthorityToken}
	default:
		return nil
	}
}

// String names the role in words.
func (r Role) String() string {
	switch r {
	case Anyone:
		return "anyone"
	case Registrant:
		return "registrant"
	case ClientItself:
		return "the client itself"
	case ClientOrAdministrator:
		return "the client itself or an administrator"
	case Administrator:
		return "administrator"
	case AuthorizationServer:
		return "authorization server"
	default:
		return "no role"
	}
}
