package web

import "roster/domain/access"

// A sample is how to register a first client.
type sample struct {
	publicURL string // without a slash at its end
	mode      access.RegistrationMode
}

// command registers a client. In mode token it takes the initial access token from TOKEN.
func (s sample) command() string {
	authorization := ""
	if s.mode == access.RegistrationToken {
		authorization = `  -H "Authorization: Bearer $TOKEN" ` + "\\\n"
	}
	return "curl -X POST " + s.publicURL + "/identity/connect/register \\\n" + authorization +
		"  -H 'Content-Type: application/json' \\\n" +
		`  -d '{"client_name": "my first client",` + "\n" +
		`       "redirect_uris": ["https://client.example.com/callback"]}'`
}
