package oauth

import "strings"

// Request asks for what a client shall be.
type Request struct {
	Document Document
	Former   Metadata // what the client has registered already; nil: it is a new one
	Terms    Terms    // that bind the client
	Evidence Evidence
}

// Admit returns the metadata that a request leads to under a policy, defaults included, and what of the request was
// left out, by member. It returns an *Error for what the request has wrong, and a *Missing when nothing is wrong but
// others have to be asked first. The sector is held against the metadata last, so that nothing is fetched for what
// is refused anyhow.
func Admit(p Policy, r Request) (registered, leftOut Metadata, err error) {
	requested, err := r.metadata(p)
	if err != nil {
		return nil, nil, err
	}
	registered, leftOut, err = bounds{p, r.Terms}.admit(requested)
	if err != nil {
		return nil, nil, err
	}
	if err := checkSector(registered, r.Evidence.Sector); err != nil {
		return nil, nil, err
	}
	return registered, leftOut, nil
}

// nameByOwner makes a client's name OWNER_NAME when both are given, as WSO2 Identity Server does. In an update
// a name that begins with its owner is the one that was answered before.
func (r Request) nameByOwner(m Metadata) {
	if r.Former != nil && strings.HasPrefix(m.Name(), m.Owner()+"_") {
		return
	}
	if m.Owner() != "" && m.Name() != "" {
		m["client_name"] = Text(m.Owner() + "_" + m.Name())
	}
}
