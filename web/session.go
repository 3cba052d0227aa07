package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"
)

// How long an administrator stays signed in: without opening a page, and at most.
const (
	sessionIdle     = time.Hour
	sessionLifetime = 12 * time.Hour
)

// The keys of a session's values.
const (
	keyAdministrator = "administrator" // the name
	keyMessage       = "flash"         // a message for the next page
	keySent          = "sent"          // the key of the form that was done last of those that must not be sent twice
)

// sessions are the sessions of signed-in administrators. Only a sign-in begins one, so that callers who cannot
// sign in cannot fill the store. It may be used concurrently.
//
// Its methods take and return contexts that hold the values of one session, as load has loaded them.
type sessions struct {
	manager *scs.SessionManager
	// ending is held while a session is written or ended. Without it a page that was being made
	// during a sign-out would bring the session back.
	ending sync.Mutex
}

// newSessions keeps sessions in store. Cookies are for https alone when secure says so.
func newSessions(store scs.Store, secure bool) *sessions {
	name := "roster_session"
	if secure {
		name = "__Host-" + name
	}
	// scs.New is not used: it starts a store of its own, with a goroutine that nobody could end.
	return &sessions{manager: &scs.SessionManager{
		Store:            store,
		Codec:            scs.GobCodec{},
		IdleTimeout:      sessionIdle,
		Lifetime:         sessionLifetime,
		HashTokenInStore: true,
		Cookie: scs.SessionCookie{
			Name:     name,
			Path:     "/",
			HttpOnly: true,
			Secure:   secure,
			SameSite: http.SameSiteLaxMode,
		},
	}}
}

// load returns a context that holds the session of a request, or an empty one.
func (s *sessions) load(r *http.Request) (context.Context, error) {
	var token string
	if cookie, err := r.Cookie(s.manager.Cookie.Name); err == nil {
		token = cookie.Value
	}
	ctx, err := s.manager.Load(r.Context(), token)
	if err != nil {
		return nil, fmt.Errorf("load session: %w", err)
	}
	return ctx, nil
}

// administrator returns the name of who is signed in, empty for nobody.
func (s *sessions) administrator(ctx context.Context) string {
	return s.manager.GetString(ctx, keyAdministrator)
}

// begin signs an administrator in under a new token and sets its cookie.
func (s *sessions) begin(ctx context.Context, w http.ResponseWriter, administrator string) error {
	if err := s.manager.RenewToken(ctx); err != nil {
		return fmt.Errorf("renew session token: %w", err)
	}
	s.manager.Put(ctx, keyAdministrator, administrator)
	token, expiry, err := s.manager.Commit(ctx)
	if err != nil {
		return fmt.Errorf("begin session: %w", err)
	}
	s.manager.WriteSessionCookie(ctx, w, token, expiry)
	return nil
}

// end signs out: the session is gone from the store and its cookie from the browser.
func (s *sessions) end(ctx context.Context, w http.ResponseWriter) error {
	s.ending.Lock()
	defer s.ending.Unlock()
	if err := s.manager.Destroy(ctx); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	s.manager.WriteSessionCookie(ctx, w, "", time.Time{})
	return nil
}

// save stores the session's values and restarts its idle time. It does nothing if the session has ended.
func (s *sessions) save(ctx context.Context) error {
	s.ending.Lock()
	defer s.ending.Unlock()
	if alive, err := s.alive(ctx); err != nil || !alive {
		return err
	}
	if _, _, err := s.manager.Commit(ctx); err != nil {
		return fmt.Errorf("save session: %w", err)
	}
	return nil
}

// alive reports whether the session is still in the store.
func (s *sessions) alive(ctx context.Context) (bool, error) {
	now, err := s.manager.Load(context.Background(), s.manager.Token(ctx))
	if err != nil {
		return false, fmt.Errorf("load session: %w", err)
	}
	return s.administrator(now) != "", nil
}

// keepMessage keeps a message for the next page.
func (s *sessions) keepMessage(ctx context.Context, message string) error {
	s.manager.Put(ctx, keyMessage, message)
	return s.save(ctx)
}

// takeMessage returns the message that was kept for this page and forgets it; empty: there is none.
func (s *sessions) takeMessage(ctx context.Context) (string, error) {
	message := s.manager.PopString(ctx, keyMessage)
	if message == "" {
		return "", nil
	}
	return message, s.save(ctx)
}

// hasSent reports whether the form with a key is the one that was done last; an empty key is of none.
func (s *sessions) hasSent(ctx context.Context, key string) bool {
	return key != "" && s.manager.GetString(ctx, keySent) == key
}

// keepSent notes that the form with a key was done.
func (s *sessions) keepSent(ctx context.Context, key string) error {
	s.manager.Put(ctx, keySent, key)
	return s.save(ctx)
}

// signedIn passes requests of signed-in administrators on and redirects all others to the sign-in.
func (w *Web) signedIn(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx, err := w.sessions.load(c.Request())
		if err != nil {
			return err
		}
		name := w.sessions.administrator(ctx)
		if name == "" {
			return leadToLogin(c)
		}
		if !isLive(c) {
			if err := w.sessions.save(ctx); err != nil {
				return err
			}
		}
		c.Set(keyAdministrator, name)
		c.SetRequest(c.Request().WithContext(ctx))
		return next(c)
	}
}

// leadToLogin redirects to the sign-in, which leads back to the page that was asked for.
func leadToLogin(c echo.Context) error {
	r := c.Request()
	byHTMX := r.Header.Get("HX-Request") == "true"
	back := ""
	switch {
	case byHTMX:
		// Go back to the page that sent the request, not to the part of a page that it asked for.
		back = r.Header.Get("HX-Current-URL")
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		back = r.URL.RequestURI()
	}
	login := "/admin/login"
	if back = localPath(back); back != home {
		login += "?" + url.Values{"next": {back}}.Encode()
	}
	if byHTMX {
		c.Response().Header().Set("HX-Redirect", login)
		return c.NoContent(http.StatusNoContent)
	}
	return c.Redirect(http.StatusSeeOther, login)
}

// home is the page that a sign-in leads to when no other was asked for.
const home = "/admin/"

// localPath returns the path and query of an address if its path is one of the dashboard, else home. Scheme and
// host are dropped, so that nobody can make a sign-in lead to another site.
func localPath(address string) string {
	u, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(u.Path, home) || u.Path == home+"login" ||
		path.Clean(u.Path) != strings.TrimSuffix(u.Path, "/") || strings.Contains(u.Path, `\`) {
		return home
	}
	return (&url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery}).String()
}
