package domain_test

import (
	"testing"

	"roster/domain"
)

func TestWhatEventsSayOfThemselves(t *testing.T) {
	for _, test := range []struct {
		event     domain.Event
		withdraws bool
		reason    string
	}{
		{domain.ClientRegistered{}, false, ""},
		{domain.ClientUpdated{}, false, ""},
		{domain.ClientSuspended{Reason: "reported"}, true, "reported"},
		{domain.ClientResumed{}, false, ""},
		{domain.ClientDeleted{}, true, ""},
		{domain.ClientRevoked{Reason: "leaked"}, true, "leaked"},
		{domain.InitialAccessTokenIssued{}, false, ""},
		{domain.InitialAccessTokenUsed{}, false, ""},
		{domain.InitialAccessTokenRevoked{Reason: "published"}, true, "published"},
		{domain.SealingKeyIntroduced{}, false, ""},
		{domain.SealingKeyLost{}, false, ""},
		{domain.LossAccepted{}, false, ""},
	} {
		if got := domain.Withdraws(test.event); got != test.withdraws {
			t.Errorf("%s withdraws: %t", test.event.Type(), got)
		}
		if got := domain.ReasonOf(test.event); got != test.reason {
			t.Errorf("%s has the reason %q, want %q", test.event.Type(), got, test.reason)
		}
	}
}
