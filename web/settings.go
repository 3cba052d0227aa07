package web

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"roster/domain"
	"roster/domain/access"
	"roster/domain/oauth"
	"roster/projections/readmodel"
	"roster/web/ui"
)

// settingsPath is the address of the page of settings.
const settingsPath = "/admin/settings"

// A Setting is a setting of the program with the value that it has.
type Setting struct {
	Name        string // of its flag, without dashes: as refusals have it
	Environment string // its variable, such as "ROSTER_MAX_CLIENTS"
	Meaning     string
	Value       string // empty: none; of a secret it must not be told
	Secret      bool   // the value is not shown, only whether there is one
	IsSet       bool   // a secret has a value
	Source      Source
}

// A Source is where the value of a setting comes from.
type Source string

// The sources, in words.
const (
	FromFlag        Source = "flag"
	FromEnvironment Source = "environment"
	FromDefault     Source = "default"
)

// A Deployment is what the program knows of itself beside its settings.
type Deployment struct {
	Version     string
	Started     time.Time
	ExternalLog bool                        // the event log is on servers of others
	Ready       func(context.Context) error // whether the log can be written; nil: always
	Followers   []Follower                  // of the log
	SealingKeys []string                    // the ids of the keys that the program has; the first seals
	FoundingKey string                      // id of the key that the log was founded with; empty: with none
	Formats     []Format
}

// A Follower follows the event log. Its contract is that of *projections.Follower.
type Follower interface {
	Name() string
	Health() readmodel.Health
}

// A Format is what the program writes something in.
type Format struct {
	Name    string
	Version int
}

// settingsReadLimit is for what the page reads of the read model. It must say how the log stands when that cannot be read.
const settingsReadLimit = 2 * time.Second

// A settingsView is what the page of settings shows.
type settingsView struct {
	Deployment
	Mode             access.RegistrationMode
	StatementsNeeded bool
	Issuers          []string
	PolicyVersion    string
	Policy, Others   []Setting
	Writable         bool
	Unread           bool // the read model could not be read, so that there is nothing below
	Versions         []policyVersion
	Keys             []sealingKey
}

// showSettings shows what the program is set to and how it stands.
func (w *Web) showSettings(c echo.Context) error {
	policy := w.registrar.Policy
	v := settingsView{
		Deployment: w.deployment, Mode: w.sample.mode, StatementsNeeded: policy.RequireSoftwareStatement,
		Issuers: slices.Sorted(maps.Keys(w.registrar.Issuers.Keys)), PolicyVersion: policy.Version(),
	}
	for _, s := range w.settings {
		if oauth.IsPolicySetting(s.Name) {
			v.Policy = append(v.Policy, s)
		} else {
			v.Others = append(v.Others, s)
		}
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), settingsReadLimit)
	defer cancel()
	v.Writable = v.Ready == nil || v.Ready(ctx) == nil
	var err error
	if v.Versions, err = w.policyVersions(ctx); err == nil {
		v.Keys, err = w.sealingKeys(ctx)
	}
	switch {
	case errors.Is(err, readmodel.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		v.Unread = true
	case err != nil:
		return err
	}
	return w.render(c, http.StatusOK, settingsPage(w.page(c, "Settings", "Settings"), v))
}

// setting returns the setting with a name; of one that there is not, it has nothing but the name.
func (w *Web) setting(name string) Setting {
	if i := slices.IndexFunc(w.settings, func(s Setting) bool { return s.Name == name }); i >= 0 {
		return w.settings[i]
	}
	return Setting{Name: name}
}

// settingAnchor is the id of a setting on the page of settings.
func settingAnchor(name string) string { return "setting-" + name }

// settingPath is the address of a setting on its page.
func settingPath(name string) string { return settingsPath + "#" + settingAnchor(name) }

// A policyVersion is a version of the policy that let registrations and changes through.
type policyVersion struct {
	Version     string
	First, Last readmodel.Event
	Events      int
}

// policyEvents is how many of the latest events of a type are looked at for the versions of the policy.
const policyEvents = 250

// policyVersions returns the versions of the policy that the latest registrations and changes were let through by, the
// latest first. Events from before versions were recorded are left out.
func (w *Web) policyVersions(ctx context.Context) ([]policyVersion, error) {
	versions := map[string]*policyVersion{}
	for _, eventType := range []string{domain.ClientRegistered{}.Type(), domain.ClientUpdated{}.Type()} {
		latest, err := w.reader.Events(ctx, readmodel.EventQuery{Type: eventType, Newest: true, Limit: policyEvents})
		if err != nil {
			return nil, err
		}
		for _, e := range latest {
			version := policyVersionOf(e.Event)
			v := versions[version]
			switch {
			case version == "":
				continue
			case v == nil:
				versions[version] = &policyVersion{Version: version, First: e, Last: e, Events: 1}
				continue
			}
			v.Events++
			if e.Seq < v.First.Seq {
				v.First = e
			}
			if e.Seq > v.Last.Seq {
				v.Last = e
			}
		}
	}
	var all []policyVersion
	for _, v := range versions {
		all = append(all, *v)
	}
	slices.SortFunc(all, func(a, b policyVersion) int { return cmp.Compare(b.Last.Seq, a.Last.Seq) })
	return all, nil
}

// policyVersionOf returns the version of the policy that let an event through; empty: none is recorded.
func policyVersionOf(event domain.Event) string {
	switch event := event.(type) {
	case domain.ClientRegistered:
		return event.PolicyVersion
	case domain.ClientUpdated:
		return event.PolicyVersion
	}
	return ""
}

// A sealingKey is a key under which secrets in the log may be sealed.
type sealingKey struct {
	ID               string
	Use              string
	Tone             ui.Tone
	Introduced, Lost *readmodel.Event // nil: no event says so
	Founding         bool             // the log was founded with it
}

// sealingKeysShown bounds the events about keys that are read. Keys change once in years.
const sealingKeysShown = 50

// sealingKeys returns the keys that the program has, the one that seals first, and those that were given up.
func (w *Web) sealingKeys(ctx context.Context) (keys []sealingKey, err error) {
	byID := func(id string) *sealingKey {
		i := slices.IndexFunc(keys, func(k sealingKey) bool { return k.ID == id })
		if i < 0 {
			i = len(keys)
			keys = append(keys, sealingKey{ID: id, Founding: id == w.deployment.FoundingKey})
		}
		return &keys[i]
	}
	for i, id := range w.deployment.SealingKeys {
		key := byID(id)
		key.Use, key.Tone = "Opens older secrets", ui.Changed
		if i == 0 {
			key.Use, key.Tone = "Seals new secrets", ui.Good
		}
	}
	for _, eventType := range []string{domain.SealingKeyIntroduced{}.Type(), domain.SealingKeyLost{}.Type()} {
		latest, err := w.reader.Events(ctx, readmodel.EventQuery{Type: eventType, Newest: true, Limit: sealingKeysShown})
		if err != nil {
			return nil, err
		}
		for _, e := range latest {
			switch event := e.Event.(type) {
			case domain.SealingKeyIntroduced:
				if key := byID(event.KeyID); key.Introduced == nil {
					key.Introduced = &e
				}
			case domain.SealingKeyLost:
				if key := byID(event.KeyID); key.Lost == nil {
					key.Lost = &e
				}
			}
		}
	}
	for i, key := range keys {
		switch {
		case key.Use != "":
		case key.Lost != nil:
			keys[i].Use, keys[i].Tone = "Given up", ui.Bad
		default:
			keys[i].Use, keys[i].Tone = "Not on this server", ui.Warning
		}
	}
	return keys, nil
}

// followerState says in a word and a tone how a follower stands.
func followerState(h readmodel.Health) (string, ui.Tone) {
	switch {
	case h.Err != nil:
		return "Stopped", ui.Bad
	case errors.Is(h.Trouble, readmodel.ErrRebuilding):
		return "Rebuilding", ui.Warning
	case h.Trouble != nil:
		return "In trouble", ui.Warning
	case h.Last > h.Applied+behindTolerated:
		return "Catching up", ui.Warning
	}
	return "Following", ui.Good
}

// followerNote says what there is to say of a follower beside its state, empty for nothing.
func followerNote(h readmodel.Health) string {
	switch {
	case h.Err != nil:
		return stoppedAt(h) + " It goes on when the fault is repaired and Roster is started again."
	case h.Trouble != nil && !errors.Is(h.Trouble, readmodel.ErrRebuilding):
		return "It tries again. The server's log says what is wrong."
	}
	return ""
}

// followerLabel names a follower as people do, where it is one that they know.
func followerLabel(name string) string {
	if name == "readmodel" {
		return "Read model, which pages and lists are answered from"
	}
	return name
}

// behind returns how many events a follower has yet to apply.
func behind(h readmodel.Health) uint64 { return h.Last - min(h.Last, h.Applied) }

// modeMeaning says who may register.
func modeMeaning(mode access.RegistrationMode) string {
	switch mode {
	case access.RegistrationToken:
		return "Holders of an initial access token may register."
	case access.RegistrationClosed:
		return "Nobody may register."
	}
	return "Everybody may register."
}
