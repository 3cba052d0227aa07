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
	Code  Code
	Field string // the member that was refused, such as "redirect_uris[1]"; empty for the whole document
	// Setting is what refused when it is not a specification: one of the Setting constants, or InitialAccessToken.
	Setting string
	Detail  string // what was wrong and what would be right: printable ASCII without `"` and `\`, never raw input
}

// Error says the field, where there is one, and the detail.
func (e *Error) Error() string {
	if e.Field == "" {
		return e.Detail
	}
	return e.Field + ": " + e.Detail
}

// refuse is the refusal of a member by a specification.
func refuse(field, detail string) *Error {
	return &Error{Code: InvalidClientMetadata, Field: field, Detail: detail}
}

// A fault is what a value has wrong. Checks return nil for a value that is right.
type fault struct {
	text    string // what would be right, after the name of the member: "must be true or false"
	setting string // as in Error
}

// policyFault is a fault by the policy of this server. Its text names the setting between what is before and after.
func policyFault(setting, before, after string) *fault {
	return &fault{text: before + " the policy " + setting + " of this server" + after, setting: setting}
}

// after returns the fault with words before its text.
func (f *fault) after(words string) *fault { return &fault{text: words + f.text, setting: f.setting} }

// at returns the refusal of a member that has the fault.
func (f *fault) at(field string) *Error {
	return &Error{Code: InvalidClientMetadata, Field: field, Setting: f.setting, Detail: f.text}
}
