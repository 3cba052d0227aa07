package oauth

import "fmt"

// Population is how many active clients there are.
type Population struct {
	Clients int // in all
	OfOwner int // of the owner in question, by the terms of their initial access tokens
}

// CheckRoom returns an *Error with AccessDenied when there is no room for one more client. The owner is the one that an
// initial access token imposes; empty: none does. Owners that clients name themselves are not limited: strangers could
// use up the room of others.
func (p Policy) CheckRoom(now Population, owner string) error {
	full := func(setting string, most int) error {
		wrong := policyFault(setting, "there is no room for another client:", fmt.Sprintf(" allows %d", most))
		return &Error{Code: AccessDenied, Setting: setting, Detail: wrong.text}
	}
	switch {
	case p.MaxClients > 0 && now.Clients >= p.MaxClients:
		return full(SettingMaxClients, p.MaxClients)
	case p.MaxClientsPerOwner > 0 && owner != "" && now.OfOwner >= p.MaxClientsPerOwner:
		return full(SettingMaxClientsPerOwner, p.MaxClientsPerOwner)
	}
	return nil
}
