package clientauth

// A Reason is why a client is not authenticated. It is for operators: telling it to whoever tries to be the client would
// help to guess. There are few reasons, and nothing in one is taken from a request.
type Reason string

// The reasons.
const (
	Malformed      Reason = "malformed_credentials"    // a Basic header or a JWT that cannot be read
	NoCredentials  Reason = "no_credentials"           // nothing names a client
	SeveralMethods Reason = "several_methods"          // RFC 6749 2.3 allows one in a request
	OtherClient    Reason = "other_client"             // client_id is not the client of the credentials
	NotServed      Reason = "client_not_served"        // it is unknown, suspended or has ended
	OtherMethod    Reason = "method_not_registered"    // it is not the client's token_endpoint_auth_method
	WrongSecret    Reason = "wrong_secret"             // it is not the client's, or the client has none
	ExpiredSecret  Reason = "secret_expired"           // RFC 7591 3.2.1
	SealedSecret   Reason = "secret_not_at_hand"       // it is not sealed, or under a key that is not there
	WrongType      Reason = "wrong_assertion_type"     // client_assertion_type, or typ of the header
	WrongIssuer    Reason = "wrong_issuer_or_subject"  // iss and sub are the client_id (RFC 7523 3)
	WrongAudience  Reason = "wrong_audience"           // aud does not name the authorization server (RFC 7523 3)
	WrongTime      Reason = "wrong_time"               // it has no exp, has expired, or is not valid yet (RFC 7523 3)
	TooLong        Reason = "valid_too_long"           // exp is too far away for the jti to be remembered
	NoID           Reason = "no_jti"                   // OpenID Connect Core 1.0, 9
	Replayed       Reason = "replayed"                 // an assertion of the client with this jti was used before
	WrongAlgorithm Reason = "algorithm_not_registered" // it is not the client's, or not one of its method
	NoKeys         Reason = "keys_not_at_hand"         // the client has none for signatures, or its jwks_uri gives none
	WrongSignature Reason = "wrong_signature"          // none of the client's keys made it
)

// Reasons are all that there are. It must not be changed.
var Reasons = []Reason{
	Malformed, NoCredentials, SeveralMethods, OtherClient, NotServed, OtherMethod, WrongSecret, ExpiredSecret, SealedSecret,
	WrongType, WrongIssuer, WrongAudience, WrongTime, TooLong, NoID, Replayed, WrongAlgorithm, NoKeys, WrongSignature,
}

// Error names the reason.
func (r Reason) Error() string { return "client is not authenticated: " + string(r) }
