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
		authorization = `"Authorization: Bearer $TOKEN"`
	}
	return registrationCommand(s.publicURL, authorization,
		`{"client_name": "my first client",`+"\n"+
			`       "redirect_uris": ["https://client.example.com/callback"]}`)
}

// registrationCommand registers a document that has no single quotes, with a header in the quotes of a shell; empty: none.
func registrationCommand(publicURL, header, document string) string {
	command := "curl -X POST " + publicURL + "/identity/connect/register \\\n"
	if header != "" {
		command += "  -H " + header + " \\\n"
	}
	return command + "  -H 'Content-Type: application/json' \\\n" +
		"  -d '" + document + "'"
}
