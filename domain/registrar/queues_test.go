package registrar_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"roster/domain"
	"roster/domain/oauth"
	"roster/domain/registrar"
	"roster/eventstore/memory"
)

// hold makes the next append wait until release is called. It is to be called within a synctest bubble.
func (r *registry) hold() (release func()) {
	released := make(chan struct{})
	r.log.SetHooks(memory.Hooks{Append: func([]domain.Change) memory.Fault {
		r.log.SetHooks(memory.Hooks{})
		<-released
		return memory.NoFault
	}})
	return func() { close(released) }
}

func rename(r *registry, c registrar.Registration, name string) error {
	_, err := r.Update(context.Background(), "", c.Client.ID, c.RegistrationAccessToken, parseOne(putBack(c, `,"client_name":"`+name+`"`)))
	return err
}

func parseOne(body string) oauth.Document {
	document, err := oauth.ParseDocument([]byte(body))
	if err != nil {
		panic(err)
	}
	return document
}

// However many changes of a client wait for their turn, whoever ends it is next, and the changes come too late.
func TestAnEndingGoesBeforeAllChanges(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(*registry, registrar.Registration) error
		want string
	}{
		"an administrator revokes": {func(r *registry, c registrar.Registration) error {
			return r.Revoke(context.Background(), admin, c.Client.ID, "")
		}, "ClientRevoked"},
		"an administrator deletes": {func(r *registry, c registrar.Registration) error {
			return r.DeleteAs(context.Background(), admin, c.Client.ID)
		}, "ClientDeleted"},
		"the client deletes itself": {func(r *registry, c registrar.Registration) error {
			return r.Delete(context.Background(), "", c.Client.ID, c.RegistrationAccessToken)
		}, "ClientDeleted"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRegistry()
				client := r.mustRegister(t, webApp)
				release := r.hold()
				const changes = 64
				changed := make(chan error, changes)
				for i := range changes {
					go func() { changed <- rename(r, client, fmt.Sprint(i)) }()
				}
				synctest.Wait()
				ended := make(chan error, 1)
				go func() { ended <- test.end(r, client) }()
				synctest.Wait()
				release()
				if err := <-ended; err != nil {
					t.Errorf("ending: %v", err)
				}
				refused := 0
				for range changes {
					if err := <-changed; errors.Is(err, domain.ErrUnauthorized) {
						refused++
					} else if err != nil {
						t.Error(err)
					}
				}
				if diff := cmp.Diff([]string{"ClientRegistered", "ClientUpdated", test.want}, r.types(t)); diff != "" || refused != changes-1 {
					t.Errorf("%d changes came too late, want all but one; %s", refused, diff)
				}
			})
		})
	}
}

func TestTheRevocationOfATokenGoesBeforeItsUses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistry()
		issued := r.mustIssue(t, domain.IssueToken{MaxUses: 100})
		release := r.hold()
		const uses = 64
		used := make(chan error, uses)
		for range uses {
			go func() {
				_, err := r.RegisterWith(context.Background(), "", issued.Token, parseOne(webApp))
				used <- err
			}()
		}
		synctest.Wait()
		revoked := make(chan error, 1)
		go func() { revoked <- r.RevokeToken(context.Background(), admin, issued.ID, "") }()
		synctest.Wait()
		release()
		if err := <-revoked; err != nil {
			t.Error(err)
		}
		for range uses {
			if err := <-used; err != nil && !errors.Is(err, domain.ErrTokenRefused) {
				t.Error(err)
			}
		}
		want := []string{"InitialAccessTokenIssued", "InitialAccessTokenUsed", "ClientRegistered", "InitialAccessTokenRevoked"}
		if diff := cmp.Diff(want, r.types(t)); diff != "" {
			t.Error(diff)
		}
	})
}

// Other processes know nothing of turns. An ending is tried until it succeeds, however often they come first.
func TestAnEndingIsTriedUntilItSucceeds(t *testing.T) {
	for name, end := range map[string]func(*registry, registrar.Registration, registrar.IssuedToken) error{
		"revoke": func(r *registry, c registrar.Registration, _ registrar.IssuedToken) error {
			return r.Revoke(context.Background(), admin, c.Client.ID, "")
		},
		"delete": func(r *registry, c registrar.Registration, _ registrar.IssuedToken) error {
			return r.Delete(context.Background(), "", c.Client.ID, c.RegistrationAccessToken)
		},
		"revoke a token": func(r *registry, _ registrar.Registration, issued registrar.IssuedToken) error {
			return r.RevokeToken(context.Background(), admin, issued.ID, "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRegistry()
				client, issued := r.mustRegister(t, webApp), r.mustIssue(t, domain.IssueToken{MaxUses: 1000})
				elsewhere := r.elsewhere()
				first := 100
				var hook func([]domain.Change) memory.Fault
				hook = func([]domain.Change) memory.Fault {
					if first--; first < 0 {
						return memory.NoFault
					}
					r.log.SetHooks(memory.Hooks{})
					if err := rename(elsewhere, client, fmt.Sprint(first)); err != nil {
						t.Error(err)
					}
					if _, err := elsewhere.RegisterWith(context.Background(), "", issued.Token, parseOne(webApp)); err != nil {
						t.Error(err)
					}
					r.log.SetHooks(memory.Hooks{Append: hook})
					return memory.NoFault
				}
				r.log.SetHooks(memory.Hooks{Append: hook})
				if err := end(r, client, issued); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// A stranger with a wrong token is told so at once, and takes no turn from the client.
func TestAWrongTokenStandsInNoLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistry()
		client := r.mustRegister(t, webApp)
		release := r.hold()
		changed := make(chan error, 1)
		go func() { changed <- rename(r, client, "first") }()
		synctest.Wait()
		stranger := client
		stranger.RegistrationAccessToken = "wrong"
		if err := rename(r, stranger, "hijacked"); !errors.Is(err, domain.ErrUnauthorized) {
			t.Errorf("update: %v", err)
		}
		if err := r.Delete(t.Context(), "", client.Client.ID, "wrong"); !errors.Is(err, domain.ErrUnauthorized) {
			t.Errorf("delete: %v", err)
		}
		release()
		if err := <-changed; err != nil {
			t.Error(err)
		}
	})
}

// Whoever gives up waiting leaves the line to the others.
func TestALineOutlivesThoseWhoLeaveIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistry()
		client := r.mustRegister(t, webApp)
		release := r.hold()
		changed := make(chan error, 2)
		go func() { changed <- rename(r, client, "first") }()
		synctest.Wait()
		impatient, leave := context.WithCancel(t.Context())
		left := make(chan error, 2)
		go func() {
			_, err := r.Update(impatient, "", client.Client.ID, client.RegistrationAccessToken, parseOne(putBack(client, `,"client_name":"never"`)))
			left <- err
		}()
		go func() { left <- r.Revoke(impatient, admin, client.Client.ID, "") }()
		synctest.Wait()
		go func() { changed <- rename(r, client, "second") }()
		synctest.Wait()
		leave()
		for range 2 {
			if err := <-left; !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want that of the context", err)
			}
		}
		release()
		for range 2 {
			if err := <-changed; err != nil {
				t.Error(err)
			}
		}
		if diff := cmp.Diff([]string{"ClientRegistered", "ClientUpdated", "ClientUpdated"}, r.types(t)); diff != "" {
			t.Error(diff)
		}
	})
}
