package web

import (
	"context"
	"fmt"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/projections/readmodel"
	"roster/web/ui"
)

// credentialEventsRead is how many of a client's newest events are searched for what happened to its credentials.
const credentialEventsRead = 500

// A clientCredentials is how a client authenticates, and what the log knows of its credentials.
type clientCredentials struct {
	Groups   []memberGroup // the members about authentication and keys
	Steps    []credentialStep
	Searched uint64    // events before this one were not searched; 0: all were
	LastUse  time.Time // when the client was authenticated last; zero: that is not known
}

// A credentialStep is one event that issued or ended credentials of a client.
type credentialStep struct {
	eventRow
	What []string // such as "A registration access token was issued."
	// RegistrationAccessToken says that the event issued the client's registration access token.
	RegistrationAccessToken bool
}

// credentialsContent is the tab with how a client authenticates and what happened to its credentials.
func (w *Web) credentialsContent(c echo.Context, v clientView) (templ.Component, error) {
	recorded, err := w.reader.Events(c.Request().Context(), readmodel.EventQuery{
		ClientID: v.ID, Before: v.before(0), Newest: true, Limit: credentialEventsRead,
	})
	if err != nil {
		return nil, fmt.Errorf("credentials of a client: %w", err)
	}
	shown := clientCredentials{LastUse: w.lastUseOf(c.Request().Context(), v.ID)}
	if len(recorded) == credentialEventsRead {
		shown.Searched = recorded[len(recorded)-1].Seq
	}
	for _, e := range recorded {
		if s := credentialStepOf(e); len(s.What) > 0 {
			shown.Steps = append(shown.Steps, s)
		}
	}
	for _, g := range groupMembers(v.Metadata, v.Attested) {
		if isOfCredentials(g) {
			shown.Groups = append(shown.Groups, g)
		}
	}
	return credentialsPage(v, shown), nil
}

// lastUseOf returns when a client was authenticated last, zero when that is not known or cannot be read now.
func (w *Web) lastUseOf(ctx context.Context, id string) time.Time {
	used, err := w.lastUse.Of(ctx, id)
	if err != nil {
		return time.Time{} // the log says why; all else of the client can be shown
	}
	return used[id]
}

// credentialStepOf returns what an event did to its client's credentials.
func credentialStepOf(e readmodel.Event) credentialStep {
	s := credentialStep{eventRow: rowOfEvent(e)}
	var secret string
	switch event := e.Event.(type) {
	case domain.ClientRegistered:
		s.RegistrationAccessToken = true
		secret = secretChange(event.Secret, false)
	case domain.ClientUpdated:
		s.RegistrationAccessToken = event.RegistrationAccessToken != domain.Digest{}
		secret = secretChange(event.SecretIssued, event.SecretEnded)
	case domain.ClientDeleted, domain.ClientRevoked:
		s.What = append(s.What, "All credentials stopped working.")
	}
	if s.RegistrationAccessToken {
		s.What = append(s.What, "A registration access token was issued.")
	}
	if secret != "" {
		s.What = append(s.What, secret)
	}
	return s
}

// TokenIssued returns the event that issued the registration access token; nil: it is not among those searched.
func (s clientCredentials) TokenIssued() *credentialStep {
	for i := range s.Steps {
		if s.Steps[i].RegistrationAccessToken {
			return &s.Steps[i]
		}
	}
	return nil
}

// statementClaims are the claims of the client's software statement, nil without one.
func (v clientView) statementClaims() []claim { return claimsOf(v.Metadata.Text(statementMember)) }

// secretState says whether the client secret works.
func (v clientView) secretState() string {
	switch {
	case v.Secret == nil:
		return "None. The client's authentication method needs no secret."
	case v.Ended():
		return "Stopped working when the client was " + string(v.Status) + "."
	case v.Secret.ExpiresAt.IsZero():
		return "Issued, does not expire."
	case v.Secret.ExpiresAt.After(v.Now):
		return "Issued, expires on " + ui.Minute(v.Secret.ExpiresAt) + "."
	}
	return "Expired on " + ui.Minute(v.Secret.ExpiresAt) + "."
}

// registrationAccessTokenState says whether the registration access token works.
func (v clientView) registrationAccessTokenState() string {
	switch {
	case v.Ended():
		return "Stopped working when the client was " + string(v.Status) + "."
	case !v.MayManageItself():
		return "Issued, refused while the client is " + string(v.Status) + "."
	}
	return "Issued, works until the client is deleted or revoked."
}
