package web_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alexedwards/scs/v2/memstore"

	"roster/domain"
	"roster/domain/access"
	"roster/domain/registrar"
	"roster/projections/readmodel"
	"roster/web"
)

func TestWithoutASessionEverythingLeadsToTheSignIn(t *testing.T) {
	r := newRegistry(t)
	client := r.register(t, `{"redirect_uris":["https://a.example.com/cb"]}`)
	path := "/admin/clients/" + client.Client.ID
	for asked, next := range map[string]string{
		"/admin/":                          "",
		"/admin/clients":                   "?next=%2Fadmin%2Fclients",
		"/admin/clients?q=a%26b":           "?next=%2Fadmin%2Fclients%3Fq%3Da%2526b",
		path:                               "?next=" + url.QueryEscape(path),
		path + "/revoke":                   "?next=" + url.QueryEscape(path+"/revoke"),
		"/admin/events?type=ClientRevoked": "?next=%2Fadmin%2Fevents%3Ftype%3DClientRevoked",
		"/admin/no/such/page":              "?next=%2Fadmin%2Fno%2Fsuch%2Fpage",
	} {
		got := r.visitor(t).get(asked)
		if want := "/admin/login" + next; got.status != http.StatusSeeOther || got.header.Get("Location") != want {
			t.Errorf("%s: status %d to %q, want 303 to %q", asked, got.status, got.header.Get("Location"), want)
		}
	}

	got := r.visitor(t).post(path+"/revoke", url.Values{})
	if got.status != http.StatusSeeOther || got.header.Get("Location") != "/admin/login" {
		t.Errorf("revoking without a session: status %d to %q", got.status, got.header.Get("Location"))
	}
	if c, _ := r.model.Client(t.Context(), client.Client.ID); c.Status != domain.Active {
		t.Errorf("the client is %s after a request without a session", c.Status)
	}
}

func TestHTMXIsLedToTheSignInAsAWholePage(t *testing.T) {
	r := newRegistry(t)
	got := r.visitor(t).send(http.MethodGet, "/admin/clients?q=abc", "", http.Header{
		"Hx-Request": {"true"}, "Hx-Current-Url": {r.server.URL + "/admin/clients?q=ab"},
	})
	if want := "/admin/login?next=%2Fadmin%2Fclients%3Fq%3Dab"; got.header.Get("HX-Redirect") != want || got.body != "" {
		t.Errorf("HX-Redirect %q with %q, want %q", got.header.Get("HX-Redirect"), got.body, want)
	}
}

func TestSignIn(t *testing.T) {
	r := newRegistry(t)
	v := r.visitor(t)
	got := v.post("/admin/login", url.Values{"name": {adminName}, "password": {adminPassword}, "next": {"/admin/events?type=ClientDeleted"}})
	if got.status != http.StatusSeeOther || got.header.Get("Location") != "/admin/events?type=ClientDeleted" {
		t.Fatalf("status %d to %q", got.status, got.header.Get("Location"))
	}
	cookie := got.header.Get("Set-Cookie")
	for _, want := range []string{"roster_session=", "HttpOnly", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("cookie %q lacks %q", cookie, want)
		}
	}
	if got := v.get("/admin/"); got.status != http.StatusOK || !strings.Contains(got.body, adminName) {
		t.Errorf("overview: status %d", got.status)
	}
	if got := v.get("/admin/login?next=/admin/clients"); got.header.Get("Location") != "/admin/clients" {
		t.Errorf("the sign-in of one who is signed in leads to %q", got.header.Get("Location"))
	}
}

func TestSignInNeverLeadsElsewhere(t *testing.T) {
	r := newRegistry(t)
	for _, next := range []string{
		"https://evil.example/admin/", "//evil.example/admin/", `/\evil.example/admin/`, `/admin/\..\..\x`, "/admin/../evil",
		"/admin//evil.example", "javascript:alert(1)", "/elsewhere", "/admin", "/admin/%2e%2e/x", "/admin/login", "admin/",
		"/admin/\nSet-Cookie: a=b", "http:/admin/", "\x00",
	} {
		got := r.visitor(t).post("/admin/login", url.Values{"name": {adminName}, "password": {adminPassword}, "next": {next}})
		if got.header.Get("Location") != "/admin/" {
			t.Errorf("%q leads to %q, want /admin/", next, got.header.Get("Location"))
		}
	}
}

func TestFailedSignInsAreThrottledInPlainWords(t *testing.T) {
	r := newRegistry(t)
	v := r.visitor(t)
	wrong := url.Values{"name": {`<b>"x`}, "password": {"hunter2-not-this"}}
	var got answer
	for range 50 {
		if got = v.post("/admin/login", wrong); got.status != http.StatusUnprocessableEntity {
			break
		}
		if !strings.Contains(got.body, "Wrong name or password.") || !strings.Contains(got.body, `value="&lt;b&gt;&#34;x"`) {
			t.Fatalf("refusal: %s", got.body)
		}
	}
	if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" ||
		!strings.Contains(got.body, "Too many failed attempts. Wait ") {
		t.Errorf("status %d, Retry-After %q: %s", got.status, got.header.Get("Retry-After"), got.body)
	}
	if strings.Contains(got.body+r.logged.String(), "hunter2") {
		t.Error("a password was shown or logged")
	}
	if got.header.Get("Set-Cookie") != "" {
		t.Error("a failed sign-in began a session")
	}
}

// Nobody who is not signed in may grow the store of sessions.
func TestOnlyASignInBeginsASession(t *testing.T) {
	r := newRegistry(t)
	v := r.visitor(t)
	v.get("/admin/")
	v.get("/admin/login")
	v.get("/admin/events/stream")
	v.post("/admin/login", url.Values{"name": {"x"}, "password": {"y"}})
	v.post("/admin/logout", nil)
	v.send(http.MethodGet, "/admin/", "", http.Header{"Cookie": {"roster_session=made-up-by-somebody"}})
	if sessions, _ := r.sessions.(*memstore.MemStore).All(); len(sessions) != 0 {
		t.Errorf("%d sessions were begun", len(sessions))
	}
	r.admin(t)
	sessions, _ := r.sessions.(*memstore.MemStore).All()
	if len(sessions) != 1 {
		t.Errorf("%d sessions after a sign-in, want 1", len(sessions))
	}
}

func TestSignInRenewsTheTokenAndTheStoreHoldsOnlyItsHash(t *testing.T) {
	r := newRegistry(t)
	v := r.admin(t)
	first := sessionCookie(t, v)
	v.post("/admin/login", url.Values{"name": {adminName}, "password": {adminPassword}})
	second := sessionCookie(t, v)
	if first == second {
		t.Error("the token outlived a sign-in")
	}
	sessions, _ := r.sessions.(*memstore.MemStore).All()
	if len(sessions) != 1 {
		t.Errorf("%d sessions, want only the renewed one", len(sessions))
	}
	if _, plain := sessions[second]; plain {
		t.Error("the store holds the token itself")
	}
}

func TestSignOutEndsTheSession(t *testing.T) {
	r := newRegistry(t)
	v := r.admin(t)
	token := sessionCookie(t, v)
	if got := v.post("/admin/logout", nil); got.status != http.StatusSeeOther || got.header.Get("Location") != "/admin/login" {
		t.Fatalf("status %d to %q", got.status, got.header.Get("Location"))
	}
	stolen := r.visitor(t).send(http.MethodGet, "/admin/", "", http.Header{"Cookie": {"roster_session=" + token}})
	if stolen.status != http.StatusSeeOther {
		t.Errorf("the token still opens the overview: status %d", stolen.status)
	}
	if sessions, _ := r.sessions.(*memstore.MemStore).All(); len(sessions) != 0 {
		t.Errorf("%d sessions are left", len(sessions))
	}
}

func sessionCookie(t *testing.T, v *visitor) string {
	t.Helper()
	base, err := url.Parse(v.base)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range v.client.Jar.Cookies(base) {
		if c.Name == "roster_session" {
			return c.Value
		}
	}
	t.Fatal("no session cookie")
	return ""
}

func TestUnderHTTPSTheCookieIsOfThisHostAlone(t *testing.T) {
	r := newRegistry(t, func(o *web.Options) { o.PublicURL = "https://roster.example.com" })
	got := r.visitor(t).post("/admin/login", url.Values{"name": {adminName}, "password": {adminPassword}})
	cookie := got.header.Get("Set-Cookie")
	if !strings.HasPrefix(cookie, "__Host-roster_session=") || !strings.Contains(cookie, "Secure") || strings.Contains(cookie, "Domain") {
		t.Errorf("cookie %q", cookie)
	}
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	r := newRegistry(t)
	client := r.register(t, `{"redirect_uris":["https://a.example.com/cb"]}`)
	v := r.admin(t)
	for name, from := range map[string]http.Header{
		"by fetch metadata": {"Sec-Fetch-Site": {"cross-site"}},
		"by same site":      {"Sec-Fetch-Site": {"same-site"}},
		"by origin":         {"Origin": {"https://evil.example"}},
		"by null origin":    {"Origin": {"null"}},
	} {
		from.Set("Content-Type", "application/x-www-form-urlencoded")
		got := v.send(http.MethodPost, "/admin/clients/"+client.Client.ID+"/revoke", "reason=x", from)
		if got.status != http.StatusForbidden || !strings.Contains(got.body, "another site") {
			t.Errorf("%s: status %d", name, got.status)
		}
	}
	if c, _ := r.model.Client(t.Context(), client.Client.ID); c.Status != domain.Active {
		t.Errorf("the client is %s", c.Status)
	}
}

// A session ends when it is not used, and at last in any case.
func TestSessionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.NewWithCleanupInterval(0)
		dashboard, err := web.New(web.Options{
			Registrar: registrar.New(registrar.Options{}), Reader: emptyModel{}, Administrators: nobody{}, PublicURL: "http://localhost", RegistrationMode: access.RegistrationOpen,
			Sessions: store, Clock: time.Now, Logger: discard, Stop: context.Background(),
		})
		if err != nil {
			t.Fatal(err)
		}
		token := signInDirectly(t, dashboard)
		opens := func() bool { return statusOf(dashboard, token, nil) == http.StatusOK }

		time.Sleep(59 * time.Minute)
		if !opens() {
			t.Error("ended before an hour without use")
		}
		// A page that is kept current is not in use by that.
		for range 2 {
			time.Sleep(29 * time.Minute)
			if statusOf(dashboard, token, http.Header{"Roster-Live": {"1"}}) != http.StatusOK {
				t.Error("ended for a page that asks for itself again")
			}
		}
		time.Sleep(3 * time.Minute)
		if opens() {
			t.Error("lasts beyond an hour without use")
		}
		token = signInDirectly(t, dashboard)
		for range 23 {
			time.Sleep(30 * time.Minute)
			if !opens() {
				t.Fatal("ended while in use")
			}
		}
		time.Sleep(31 * time.Minute)
		if opens() {
			t.Error("lasts beyond twelve hours")
		}
	})
}

// nobody takes everybody for an administrator.
type nobody struct{}

func (nobody) Password(_ context.Context, _, user, _ string) (domain.Actor, error) {
	if user == "" {
		return domain.Actor{}, access.ErrRefused
	}
	return domain.Actor{Kind: domain.ActorAdmin, ID: user}, nil
}

// emptyModel is the read model of an empty log.
type emptyModel struct{ readmodel.Reader }

func (emptyModel) Overview(_ context.Context, today time.Time, days int) (readmodel.Overview, error) {
	return readmodel.Overview{Daily: make([]readmodel.Day, days)}, nil
}

func (emptyModel) Events(context.Context, readmodel.EventQuery) ([]readmodel.Event, error) {
	return nil, nil
}

func (emptyModel) Clients(context.Context, readmodel.ClientQuery) (readmodel.ClientPage, error) {
	return readmodel.ClientPage{}, nil
}

func (emptyModel) RankClients(context.Context, readmodel.Attribute, readmodel.ClientQuery, int) ([]readmodel.Ranked, error) {
	return nil, nil
}

func (emptyModel) Health() readmodel.Health { return readmodel.Health{} }

// What an administrator still had under way must not bring the session back.
func TestASessionThatWasEndedStaysEnded(t *testing.T) {
	asked, let := make(chan struct{}), make(chan struct{})
	r := newRegistry(t, appending(func(domain.Change) error {
		close(asked)
		<-let
		return nil
	}))
	client := r.register(t, `{"redirect_uris":["https://a.example.com/cb"]}`)
	v := r.admin(t)
	token := sessionCookie(t, v)
	done := make(chan answer)
	other := r.visitor(t)
	go func() {
		done <- other.send(http.MethodPost, "/admin/clients/"+client.Client.ID+"/revoke", "", http.Header{"Cookie": {"roster_session=" + token}})
	}()
	<-asked
	v.post("/admin/logout", nil)
	close(let)
	<-done
	stolen := r.visitor(t).send(http.MethodGet, "/admin/", "", http.Header{"Cookie": {"roster_session=" + token}})
	if stolen.status != http.StatusSeeOther {
		t.Errorf("the session is back: status %d", stolen.status)
	}
}
