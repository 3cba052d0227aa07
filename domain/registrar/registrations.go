package registrar

import (
	"context"
	"fmt"
	"time"

	"roster/domain"
	"roster/domain/oauth"
)

// Registration is the answer to a registration or an update.
type Registration struct {
	Client domain.Client
	// ClientSecret is the client's secret when it was issued just now, else empty.
	ClientSecret string
	// RegistrationAccessToken is the token that gives access to the client.
	RegistrationAccessToken string
}

// Register registers a client as the document asks. from is the caller's address.
// It returns an *oauth.Error for what the document has wrong and for a registry that is full, an
// *access.Throttled, domain.ErrKeysUnavailable and domain.ErrOutcomeUnknown.
func (r *Registrar) Register(ctx context.Context, from string, requested oauth.Document) (Registration, error) {
	c, err := r.newClient(ctx, from, domain.InitialAccessToken{}, requested)
	if err != nil {
		return Registration{}, err
	}
	if _, err := r.Log.Append(ctx, c.change); err != nil {
		return Registration{}, fmt.Errorf("append registration: %w", err)
	}
	return c.Registration, nil
}

// RegisterWith is Register with an initial access token: the token's terms bind the client, and its use is
// counted in the same append that registers the client. A registration that fails takes no use.
// It also returns domain.ErrInitialAccessTokenRefused, before anything is said about the document, and domain.ErrConflict
// when others keep using the initial access token up to the last attempt.
func (r *Registrar) RegisterWith(ctx context.Context, from, initialAccessToken string, requested oauth.Document) (Registration, error) {
	registration, err := r.registerWith(ctx, from, initialAccessToken, requested)
	if err != nil {
		return Registration{}, fmt.Errorf("register with initial access token: %w", err)
	}
	return registration, nil
}

func (r *Registrar) registerWith(ctx context.Context, from, presented string, requested oauth.Document) (Registration, error) {
	token, err := r.presentedToken(ctx, presented)
	if err != nil {
		return Registration{}, err
	}
	c, err := r.newClient(ctx, from, token, requested)
	if err != nil {
		return Registration{}, err
	}
	if token.MaxUses == 0 { // its uses are no events of the token
		_, err = r.Log.Append(ctx, c.change)
	} else {
		err = r.useToken(ctx, from, presented, c)
	}
	if err != nil {
		return Registration{}, err
	}
	return c.Registration, nil
}

// useToken appends a use of an initial access token, decided anew, and the client that it registers. The use
// comes first: if a loss of power tears an append that was not acknowledged yet, its beginning remains, and a use
// without its registration does no harm.
func (r *Registrar) useToken(ctx context.Context, from, presented string, c newClient) error {
	_, err := r.initialAccessTokens().execute(ctx, request[domain.InitialAccessToken, domain.InitialAccessTokenCommand]{
		id:    tokenID(presented),
		actor: domain.Actor{Kind: domain.ActorClient, ID: c.Client.ID, IP: from},
		command: func(now time.Time, _ oauth.Evidence) domain.InitialAccessTokenCommand {
			return domain.UseInitialAccessToken{Presented: presented, ClientID: c.Client.ID, At: now}
		},
		also: []domain.Change{c.change},
	})
	return err
}

// newClient is a client that was decided on and is not appended yet.
type newClient struct {
	Registration
	change domain.Change
}

// newClient decides on a client that an initial access token admits; the zero token is none.
func (r *Registrar) newClient(
	ctx context.Context, from string, admitting domain.InitialAccessToken, requested oauth.Document,
) (newClient, error) {
	now := r.Now()
	id, secret, token := newID(now), newClientSecret(), newToken()
	offered := r.offer(id, secret, now)
	created, err := r.clients().create(ctx, request[domain.Client, domain.ClientCommand]{
		id:    id,
		actor: domain.Actor{Kind: domain.ActorClient, ID: id, IP: from},
		command: func(now time.Time, known oauth.Evidence) domain.ClientCommand {
			return domain.Register{
				Requested:               requested,
				At:                      now,
				PolicyVersion:           r.policyVersion,
				RegistrationAccessToken: domain.DigestOf(token),
				Offered:                 offered,
				Evidence:                known,
				InitialAccessToken:      admitting.ID,
				Terms:                   admitting.Terms,
			}
		},
		// A registry that is full asks nobody.
		allow: func(ctx context.Context, _ []domain.Event) error {
			return r.checkRoom(ctx, admitting.Terms.Owner)
		},
	}, now)
	if err != nil {
		return newClient{}, err
	}
	return newClient{registration(created.state, token, secret), created.change}, nil
}

// checkRoom refuses a new client when there are as many as the policy allows, in all or of the owner that its
// initial access token imposes; an update changes neither number. It counts in the local read model: the limit may
// be exceeded by as many clients as are registered at the same moment.
func (r *Registrar) checkRoom(ctx context.Context, owner string) error {
	if r.Policy.MaxClients == 0 && (r.Policy.MaxClientsPerOwner == 0 || owner == "") {
		return nil
	}
	population, err := r.Census.CountClients(ctx, owner)
	if err != nil {
		return err
	}
	return r.Policy.CheckRoom(population, owner)
}

// offer makes a secret ready to be taken by a decision.
func (r *Registrar) offer(clientID, secret string, now time.Time) domain.Secret {
	offered := domain.Secret{Digest: domain.DigestOf(secret), Sealed: r.Sealer.Seal(clientID, secret)}
	if r.SecretLifetime > 0 {
		offered.ExpiresAt = now.Add(r.SecretLifetime).Truncate(time.Second)
	}
	return offered
}

// registration is the answer that shows a client. It tells the offered secret only when that became the client's.
func registration(client domain.Client, registrationAccessToken, offered string) Registration {
	result := Registration{Client: client, RegistrationAccessToken: registrationAccessToken}
	if client.Secret != nil && client.Secret.Digest.Matches(offered) {
		result.ClientSecret = offered
	}
	return result
}
