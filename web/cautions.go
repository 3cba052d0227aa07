package web

import (
	"strings"

	"roster/domain/oauth"
	"roster/projections/readmodel"
	"roster/web/ui"
)

// A cautionGroup is the cautions of one level about a client.
type cautionGroup struct {
	Level oauth.CautionLevel
	Label string
	Tone  ui.Tone
	Text  string // "Name has characters that cannot be seen. Logo …"
}

// cautionGroups returns the cautions about a client by level, the weightiest first.
func cautionGroups(c readmodel.ListedClient) (groups []cautionGroup) {
	cautions := oauth.Cautions(c.Metadata)
	for _, group := range []cautionGroup{
		{Level: oauth.PossibleImpersonation, Label: "Possible impersonation", Tone: ui.Bad},
		{Level: oauth.Note, Label: "Note", Tone: ui.Warning},
	} {
		var said []string
		for _, caution := range cautions {
			if caution.Level == group.Level {
				said = append(said, rowOf(caution.Member, nil).Label+" "+caution.Detail+".")
			}
		}
		if group.Text = strings.Join(said, " "); group.Text != "" {
			groups = append(groups, group)
		}
	}
	return groups
}

// isSuspicious reports whether a client may be taken for another by a member.
func isSuspicious(c readmodel.ListedClient, member string) bool {
	for _, caution := range oauth.Cautions(c.Metadata) {
		if caution.Member == member && caution.Level == oauth.PossibleImpersonation {
			return true
		}
	}
	return false
}
