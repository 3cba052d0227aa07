package oauth

// Code is the `error` member of a refusal: the string that the specifications define.
type Code string

// The codes of refusals.
const (
	InvalidRedirectURI          Code = "invalid_redirect_uri"          // RFC 7591 3.2.2
	InvalidClientMetadata       Code = "invalid_client_metadata"       // RFC 7591 3.2.2
	InvalidSoftwareStatement    Code = "invalid_software_statement"    // RFC 7591 3.2.2
	UnapprovedSoftwareStatement Code = "unapproved_software_statement" // RFC 7591 3.2.2
	InvalidRequest              Code = "invalid_request"               // RFC 6749 5.2, for what RFC 7592 2.2 forbids
	AccessDenied                Code = "access_denied"                 // RFC 6749 4.1.2.1, for what no other request can mend
)

// Error is a refusal that the caller can mend. Nothing has been changed.
type Error struct {
	Code    Code
	Field   string // the member that was refused, such as "redirect_uris[1]"; empty for the whole document
	Setting string // the setting that refused, such as "allow-grant-types"; empty: none did, the specifications do
	Detail  string // what was wrong and what would be right: printable ASCII without `"` and `\`, never raw input
}

// Error says the field, where there is one, and the detail.
func (e *Error) Error() string {
	if e.Field == "" {
		return e.Detail
	}
	return e.Field + ": " + e.Detail
}
