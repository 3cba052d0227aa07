package oauth

// SoftwareStatement is the content of a software statement, whether it is true or not (RFC 7591 2.3).
type SoftwareStatement struct {
	JWT
	Issuer string // the claim iss, never empty
}

// ParseSoftwareStatement reads a software statement as ParseJWT does. It verifies nothing. It returns an *Error with
// InvalidSoftwareStatement.
func ParseSoftwareStatement(statement string) (SoftwareStatement, error) {
	content, err := ParseJWT(statement)
	if err != nil {
		return SoftwareStatement{}, InvalidStatement(err.Error())
	}
	issuer, ok := content.Claims.Text("iss")
	if !ok || issuer == "" {
		return SoftwareStatement{}, InvalidStatement("must name its issuer in the claim iss (RFC 7591 2.3)")
	}
	return SoftwareStatement{JWT: content, Issuer: issuer}, nil
}

// InvalidStatement refuses a software statement that is wrong in itself (RFC 7591 3.2.2).
func InvalidStatement(detail string) *Error {
	return &Error{Code: InvalidSoftwareStatement, Field: statementMember, Detail: detail}
}

// UnapprovedStatement refuses a software statement that may be right, but not for this server, by one of its settings
// (RFC 7591 3.2.2).
func UnapprovedStatement(setting, detail string) *Error {
	return &Error{Code: UnapprovedSoftwareStatement, Field: statementMember, Setting: setting, Detail: detail}
}

const statementMember = "software_statement"

// claims returns the members that the software statement of a request states, nothing if there is none. It returns a
// *Missing for a statement that nobody has verified.
func (r Request) claims(p Policy) (Metadata, error) {
	text, ok := r.Document.Text(statementMember)
	if r.Document[statementMember] == nil || ok && text == "" {
		if p.RequireSoftwareStatement {
			return nil, UnapprovedStatement(SettingRequireSoftwareStatement, "is needed by the policy "+SettingRequireSoftwareStatement+" of this server, from an issuer that it trusts")
		}
		return nil, nil
	}
	if !ok {
		return nil, InvalidStatement(errNotCompact.Error())
	}
	_, claimed, err := readStatement(text)
	if err != nil {
		return nil, err
	}
	if text != r.Former.Text(statementMember) && text != r.Evidence.SoftwareStatement {
		return nil, &Missing{SoftwareStatement: text}
	}
	return claimed, nil
}

var statedAsNumbers = membersThat(func(m Member) bool { return m.statedAsNumber })

// readStatement returns the issuer of a software statement and those of its claims that are members. It returns
// an *Error with InvalidSoftwareStatement.
func readStatement(text string) (issuer string, claimed Metadata, err error) {
	statement, err := ParseSoftwareStatement(text)
	if err != nil {
		return "", nil, err
	}
	delete(statement.Claims, statementMember)
	for _, name := range statedAsNumbers {
		if raw := statement.Claims[name]; raw.Kind() == '0' {
			statement.Claims[name] = appendString(nil, string(raw))
		}
	}
	claimed, err = decodeMetadata(statement.Claims)
	if err != nil {
		return "", nil, InvalidStatement("has a claim that is not of its member's type: " + err.Error())
	}
	return statement.Issuer, claimed, nil
}
