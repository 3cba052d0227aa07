package web

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"roster/api/front"
	"roster/domain"
	"roster/domain/oauth"
	"roster/domain/registrar"
	"roster/web/ui"
)

// routeTokens adds the pages of initial access tokens to those for who is signed in.
func (w *Web) routeTokens(inside *echo.Group) {
	front.Get(inside, "/tokens", w.tokens)
	front.Get(inside, "/tokens/new", w.showTokenForm)
	inside.POST("/tokens", w.issueToken)
	front.Get(inside, "/tokens/:id", w.token)
	front.Get(inside, "/tokens/:id/revoke", w.confirmTokenRevocation)
	inside.POST("/tokens/:id/revoke", w.revokeToken)
}

// A tokenForm is the form that issues an initial access token, as it was filled in.
type tokenForm struct {
	Key              string // tells the form from others, so that it is not sent twice by accident
	Label            string
	Owner            string
	Uses             string
	Lifetime         string // seconds; empty: it does not expire
	ExpiresAt        string // in UTC, as expiryLayouts write it; wins over Lifetime
	GrantTypes       []string
	Scopes           string
	RedirectHosts    string
	ApplicationTypes []string

	Offered  []string          // the grant types that the policy allows
	Failures map[string]string // what is wrong, by the name of the field
}

// lifetimes are the choices of how long a token can be used.
var lifetimes = []ui.Option{
	{Value: "3600", Text: "1 hour"}, {Value: "86400", Text: "1 day"}, {Value: "604800", Text: "7 days"},
	{Value: "2592000", Text: "30 days"}, {Value: "7776000", Text: "90 days"}, {Value: "31536000", Text: "1 year"},
	{Value: "", Text: "it does not expire"},
}

// usualLifetime is the choice that a new form begins with.
const usualLifetime = "604800"

// showTokenForm asks what an initial access token is to be.
func (w *Web) showTokenForm(c echo.Context) error {
	return w.askToken(c, http.StatusOK, tokenForm{Lifetime: usualLifetime})
}

func (w *Web) askToken(c echo.Context, status int, f tokenForm) error {
	f.Key, f.Offered = rand.Text(), w.registrar.Policy.GrantTypes
	return w.render(c, status, tokenFormPage(w.page(c, "Issue a token", "Tokens"), f))
}

// An issuedToken is what the page says that shows an initial access token, this once.
type issuedToken struct {
	registrar.IssuedInitialAccessToken
	Sample string // a command that registers a client with it
}

// issueToken issues an initial access token and shows it. The answer to the form is the one place where the token is
// ever seen: it is no page of its own, so that no address, history or session holds it.
func (w *Web) issueToken(c echo.Context) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	key := form.Get("key")
	if w.sessions.hasSent(ctx, key) {
		if err := w.sessions.keepMessage(ctx, "That form was sent already. Its token was issued and shown then; nothing was done now."); err != nil {
			return err
		}
		return c.Redirect(http.StatusSeeOther, tokensPath)
	}
	filled := tokenFormOf(form)
	command, err := filled.command(w.clock())
	var issued registrar.IssuedInitialAccessToken
	if err == nil {
		issued, err = w.registrar.IssueInitialAccessToken(ctx, actorOf(c), command)
	}
	var refused *oauth.Error
	switch {
	case errors.As(err, &refused) && tokenFields[refused.Field] != "":
		front.Refuse(c, front.RefusalOf(refused))
		filled.Failures = map[string]string{refused.Field: tokenFields[refused.Field] + " " + refused.Detail + "."}
		return w.askToken(c, http.StatusUnprocessableEntity, filled)
	case err != nil:
		return err
	}
	if err := w.sessions.keepSent(ctx, key); err != nil {
		w.logger.Error("dashboard could not note that a form was sent", "err", err)
	}
	shown := issuedToken{issued, sampleRegistrationWith(w.sample.publicURL, issued)}
	return w.render(c, http.StatusCreated, issuedTokenPage(w.page(c, "Token issued", "Tokens"), shown))
}

// tokenFields are the labels of the form's fields, by their names, which are those of the API's members.
var tokenFields = map[string]string{
	"label": "Label", "owner": "Owner", "uses": "Uses", "expires_in": "Lifetime", "expires_at": "Expiry", "grant_types": "Grant types",
	"scopes": "Scopes", "redirect_hosts": "Redirect hosts", "application_types": "Application types",
}

func tokenFormOf(given url.Values) tokenForm {
	text := func(name string) string { return strings.TrimSpace(given.Get(name)) }
	return tokenForm{
		Label: text("label"), Owner: text("owner"), Uses: text("uses"), Lifetime: text("expires_in"), ExpiresAt: text("expires_at"),
		GrantTypes: given["grant_types"], Scopes: text("scopes"), RedirectHosts: text("redirect_hosts"),
		ApplicationTypes: given["application_types"],
	}
}

// command returns what the form asks for, or an *oauth.Error that names the field that cannot be understood.
func (f tokenForm) command(now time.Time) (domain.IssueInitialAccessToken, error) {
	command := domain.IssueInitialAccessToken{
		Label: f.Label,
		Terms: oauth.Terms{
			Owner: f.Owner, GrantTypes: f.GrantTypes, Scopes: listed(f.Scopes),
			RedirectHosts: listed(f.RedirectHosts), ApplicationTypes: f.ApplicationTypes,
		},
	}
	wrong := func(field, detail string) error {
		return &oauth.Error{Code: oauth.InvalidRequest, Field: field, Detail: detail}
	}
	if f.Uses != "" {
		uses, err := strconv.Atoi(f.Uses)
		if err != nil || uses < 1 {
			return command, wrong("uses", fmt.Sprintf("must be a whole number from 1 to %d, or left empty for any number of uses", domain.MaxInitialAccessTokenUses))
		}
		command.MaxUses = uses
	}
	switch {
	case f.ExpiresAt != "":
		at, err := parseUTC(f.ExpiresAt)
		if err != nil {
			return command, wrong("expires_at", "must be a date and a time in UTC, such as 2026-12-31T23:59")
		}
		command.ExpiresAt = at
	case f.Lifetime != "":
		if !slices.ContainsFunc(lifetimes, func(o ui.Option) bool { return o.Value == f.Lifetime }) {
			return command, wrong("expires_in", "must be one of those that can be chosen")
		}
		seconds, err := strconv.Atoi(f.Lifetime)
		if err != nil {
			return command, fmt.Errorf("lifetime of a token: %w", err)
		}
		command.ExpiresAt = now.Add(time.Duration(seconds) * time.Second)
	}
	return command, nil
}

// listed returns the words of a text that lists them with spaces, commas or on lines of their own; nil for none.
func listed(text string) []string {
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' || r == '\t' })
	if len(words) == 0 {
		return nil
	}
	return words
}

// sampleRegistrationWith is a command that registers a client with an initial access token, within its limits.
func sampleRegistrationWith(publicURL string, t registrar.IssuedInitialAccessToken) string {
	sample := struct {
		Name            string   `json:"client_name"`
		RedirectURIs    []string `json:"redirect_uris,omitempty"`
		GrantTypes      []string `json:"grant_types,omitempty"`
		ApplicationType string   `json:"application_type,omitempty"`
	}{Name: "my first client"}
	host := "client.example.com"
	if hosts := t.Terms.RedirectHosts; len(hosts) > 0 {
		host = hosts[0]
		if strings.HasPrefix(host, ".") {
			host = "client" + host
		}
	}
	sample.RedirectURIs = []string{"https://" + host + "/callback"}
	if grants := t.Terms.GrantTypes; grants != nil && !slices.Contains(grants, "authorization_code") {
		sample.GrantTypes = grants[:1]
		if grants[0] != "implicit" {
			sample.RedirectURIs = nil // no grant of the client redirects
		}
	}
	if types := t.Terms.ApplicationTypes; len(types) == 1 && types[0] != "web" {
		sample.ApplicationType = types[0]
	}
	document, err := json.Marshal(sample)
	if err != nil {
		panic(fmt.Sprintf("sample registration: %v", err)) // it is text alone
	}
	return registrationCommand(publicURL, "'Authorization: Bearer "+t.Token+"'", string(document))
}
