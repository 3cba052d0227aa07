package web_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"roster/api/refusals"
	"roster/domain"
	"roster/domain/access"
	"roster/domain/keyset"
	"roster/domain/registrar"
	"roster/projections/readmodel"
	"roster/web"
)

func TestTheSettings(t *testing.T) {
	r := newRegistry(t, func(o *web.Options) {
		options := o.Registrar.Options
		options.Issuers.Keys = map[string]*keyset.Set{"https://issuer.example": nil}
		options.Policy.RequireSoftwareStatement = true
		o.Registrar = registrar.New(options)
	})
	r.register(t, `{"redirect_uris":["https://a.example.com/cb"]}`)
	r.append(t, domain.SealingKeyIntroduced{KeyID: "0123456789abcdef"}, domain.SealingKeyLost{KeyID: "0123456789abcdef"})
	got := r.admin(t).get("/admin/settings")
	text := textOf(got.body)
	for _, want := range []string{
		"v1.2.3", "Can be written", "Embedded JetStream", "Following", "Behind by", "open: Everybody may register.", "Required.", "https://issuer.example",
		"0123456789abcdef", "Given up", "Seals new secrets", "with the log", "in force", r.registrar.Policy.Version(), "1 of the latest",
		"ROSTER_MAX_CLIENTS3flag", "ROSTER_ADMIN_PASSWORDset, not shownenvironment", "ROSTER_ALLOW_REDIRECT_HOSTSnonedefault", "Read model",
	} {
		if got.status != http.StatusOK || !strings.Contains(text, want) {
			t.Errorf("status %d, no %q in\n%s", got.status, want, text)
		}
	}
	if _, main, _ := strings.Cut(got.body, "<main"); strings.Contains(main, "<form") {
		t.Error("the page offers to change something")
	}
}

// How the log and its followers stand is said when they stand badly, too.
func TestTheSettingsTellOfTrouble(t *testing.T) {
	secret := errors.New("dial tcp 10.0.0.1: refused")
	for name, c := range map[string]struct {
		change option
		want   []string
	}{
		"cannot be written": {func(o *web.Options) {
			o.Deployment.Ready = func(context.Context) error { return secret }
		}, []string{"Cannot be written", "Registrations and changes are refused", "Following"}},
		"external": {func(o *web.Options) { o.Deployment.ExternalLog = true }, []string{"External JetStream", "Can be written"}},
		"stopped": {follower(readmodel.Health{Applied: 1200, Last: 1300, Err: errors.New("unknown type")}),
			[]string{"Stopped", "Event 1,201 could not be applied: unknown type.", "1,200", "100"}},
		"in trouble":  {follower(readmodel.Health{Applied: 7, Last: 7, Trouble: secret}), []string{"In trouble", "It tries again."}},
		"rebuilding":  {follower(readmodel.Health{Applied: 7, Last: 90000, Trouble: readmodel.ErrRebuilding}), []string{"Rebuilding", "89,993"}},
		"catching up": {follower(readmodel.Health{Applied: 7, Last: 90000}), []string{"Catching up", "89,993"}},
		"nothing yet": {follower(readmodel.Health{}), []string{"Following"}},
		"unread": {func(o *web.Options) { o.Reader = unreadable{o.Reader} },
			[]string{"This cannot be read now", "Can be written", "--max-clients"}},
		"closed": {func(o *web.Options) { o.RegistrationMode = access.RegistrationClosed }, []string{"Nobody may register.", "Not accepted while registration is closed."}},
		"tokens": {func(o *web.Options) { o.RegistrationMode = access.RegistrationToken }, []string{"Holders of an initial access token may register.", "Not accepted: no issuer is trusted."}},
	} {
		t.Run(name, func(t *testing.T) {
			got := newRegistry(t, c.change).admin(t).get("/admin/settings")
			text := textOf(got.body)
			for _, want := range c.want {
				if got.status != http.StatusOK || !strings.Contains(text, want) {
					t.Errorf("status %d, no %q in\n%s", got.status, want, text)
				}
			}
			if strings.Contains(text, "10.0.0.1") {
				t.Error("the page tells of the inside")
			}
		})
	}
}

// follower lets a deployment have one more follower, which stands so.
func follower(h readmodel.Health) option {
	return func(o *web.Options) { o.Deployment.Followers = append(o.Deployment.Followers, standing(h)) }
}

type standing readmodel.Health

func (standing) Name() string               { return "other" }
func (s standing) Health() readmodel.Health { return readmodel.Health(s) }

// unreadable is a read model whose events cannot be read.
type unreadable struct{ readmodel.Reader }

func (unreadable) Events(context.Context, readmodel.EventQuery) ([]readmodel.Event, error) {
	return nil, readmodel.ErrUnavailable
}

// What refused a registration leads to the setting that did.
func TestARefusalLeadsToItsSetting(t *testing.T) {
	r := newRegistry(t)
	r.refuse("192.0.2.1", noRoom, refusals.Details{})
	v := r.admin(t)
	for _, path := range []string{"/admin/refusals", causePath(noRoom)} {
		if body := v.get(path).body; !strings.Contains(body, `href="/admin/settings#setting-max-clients"`) {
			t.Errorf("%s does not lead to the setting", path)
		}
	}
	if body := v.get("/admin/settings").body; !strings.Contains(body, `id="setting-max-clients"`) {
		t.Error("there is no such place on the page of settings")
	}
}
