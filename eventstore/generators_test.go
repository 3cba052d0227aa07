package eventstore_test

import (
	"time"
	"unicode"

	"pgregory.net/rapid"

	"roster/domain"
	"roster/domain/oauth"
)

func envelopes() *rapid.Generator[domain.Envelope] {
	return rapid.Custom(func(t *rapid.T) domain.Envelope {
		return domain.Envelope{
			ID:        rapid.StringMatching(`[0-9a-f-]{1,36}`).Draw(t, "id"),
			Time:      time.UnixMicro(rapid.Int64Range(0, 1<<51).Draw(t, "time")).UTC(),
			Aggregate: domain.ClientAggregate(rapid.StringMatching(`[A-Za-z0-9-]{1,20}`).Draw(t, "client_id")),
			Actor: domain.Actor{
				Kind: rapid.SampledFrom([]domain.ActorKind{domain.ActorClient, domain.ActorAdmin, domain.ActorSystem}).Draw(t, "kind"),
				ID:   rapid.String().Draw(t, "actor"),
				IP:   rapid.StringMatching(`[0-9.:a-f]{0,20}`).Draw(t, "ip"),
			},
			Event: events().Draw(t, "event"),
		}
	})
}

func events() *rapid.Generator[domain.Event] {
	return rapid.Custom(func(t *rapid.T) domain.Event {
		switch rapid.IntRange(0, 11).Draw(t, "type") {
		case 0:
			return domain.ClientRegistered{
				Metadata:                metadata().Draw(t, "metadata"),
				IssuedAt:                seconds(1).Draw(t, "issued"),
				RegistrationAccessToken: domain.DigestOf(rapid.String().Draw(t, "token")),
				Secret:                  secrets().Draw(t, "secret"),
				PolicyVersion:           rapid.StringMatching(`[0-9a-f]{0,16}`).Draw(t, "policy"),
				InitialAccessToken:      rapid.String().Draw(t, "initial access token"),
				Terms:                   termsOf(t),
				LeftOut:                 rapid.SampledFrom([]oauth.Metadata{nil, leftOut}).Draw(t, "left out"),
			}
		case 1:
			updated := domain.ClientUpdated{
				Metadata:      metadata().Draw(t, "metadata"),
				SecretIssued:  secrets().Draw(t, "secret"),
				SecretEnded:   rapid.Bool().Draw(t, "ended"),
				PolicyVersion: rapid.StringMatching(`[0-9a-f]{0,16}`).Draw(t, "policy"),
				LeftOut:       rapid.SampledFrom([]oauth.Metadata{nil, leftOut}).Draw(t, "left out"),
			}
			if rapid.Bool().Draw(t, "rotated") {
				updated.RegistrationAccessToken = domain.DigestOf(rapid.String().Draw(t, "token"))
			}
			return updated
		case 2:
			return domain.ClientDeleted{}
		case 3:
			return domain.InitialAccessTokenIssued{
				Digest: domain.DigestOf(rapid.String().Draw(t, "token")), Label: rapid.String().Draw(t, "label"), Terms: termsOf(t),
				ExpiresAt: seconds(0).Draw(t, "expires"), MaxUses: rapid.IntRange(0, 1000).Draw(t, "uses"),
			}
		case 4:
			return domain.InitialAccessTokenUsed{ClientID: rapid.StringN(1, -1, -1).Draw(t, "client_id")}
		case 5:
			return domain.InitialAccessTokenRevoked{Reason: rapid.String().Draw(t, "reason")}
		case 6:
			return domain.SealingKeyIntroduced{KeyID: rapid.StringN(1, -1, -1).Draw(t, "key")}
		case 7:
			return domain.SealingKeyLost{KeyID: rapid.StringN(1, -1, -1).Draw(t, "key")}
		case 8:
			from := rapid.Uint64Range(1, 1<<53).Draw(t, "from")
			return domain.LossAccepted{From: from, To: from + rapid.Uint64Range(0, 1000).Draw(t, "more")}
		case 9:
			return domain.ClientSuspended{Reason: rapid.String().Draw(t, "reason")}
		case 10:
			return domain.ClientResumed{}
		default:
			return domain.ClientRevoked{Reason: rapid.String().Draw(t, "reason")}
		}
	})
}

func termsOf(t *rapid.T) oauth.Terms {
	list := func(name string) (list []string) {
		if rapid.Bool().Draw(t, "limited") {
			list = rapid.SliceOf(rapid.String()).Draw(t, name)
		}
		return list
	}
	return oauth.Terms{
		Owner: rapid.String().Draw(t, "owner"), GrantTypes: list("grants"), Scopes: list("scopes"),
		RedirectHosts: list("hosts"), ApplicationTypes: list("application types"),
	}
}

func secrets() *rapid.Generator[*domain.Secret] {
	return rapid.Custom(func(t *rapid.T) *domain.Secret {
		if rapid.Bool().Draw(t, "none") {
			return nil
		}
		s := &domain.Secret{Digest: domain.DigestOf(rapid.String().Draw(t, "secret")), ExpiresAt: seconds(0).Draw(t, "expires")}
		if sealed := rapid.SliceOf(rapid.Byte()).Draw(t, "sealed"); len(sealed) > 0 {
			s.Sealed = sealed
		}
		return s
	})
}

// seconds returns times in whole seconds; 0 stands for the zero time.
func seconds(least int64) *rapid.Generator[time.Time] {
	return rapid.Map(rapid.Int64Range(least, 1<<36), func(s int64) time.Time {
		if s == 0 {
			return time.Time{}
		}
		return time.Unix(s, 0).UTC()
	})
}

// metadata returns metadata of any members, whatever the rules say about their values.
func metadata() *rapid.Generator[oauth.Metadata] {
	return rapid.Custom(func(t *rapid.T) oauth.Metadata {
		m := oauth.Metadata{}
		text := rapid.StringOfN(rapid.RuneFrom(nil, unicode.L, unicode.N, unicode.P, unicode.S), 1, 30, -1)
		for _, member := range rapid.SliceOfDistinct(rapid.SampledFrom(oauth.Members), func(m oauth.Member) string { return m.Name }).Draw(t, "members") {
			switch member.Kind {
			case oauth.KindText, oauth.KindURI:
				m[member.Name] = oauth.Text(text.Draw(t, member.Name))
			case oauth.KindList:
				m[member.Name] = oauth.List(rapid.SliceOfN(text, 1, 4).Draw(t, member.Name))
			case oauth.KindFlag:
				m[member.Name] = oauth.Flag(rapid.Bool().Draw(t, member.Name))
			case oauth.KindNumber:
				m[member.Name] = oauth.Number(rapid.Int64Range(0, 1<<53-1).Draw(t, member.Name))
			case oauth.KindObject:
				m[member.Name] = oauth.Object(`{"keys":[]}`)
			}
		}
		return m
	})
}
