package web

import (
	"slices"

	"roster/domain/oauth"
	"roster/web/ui"
)

// A cautionGroup is the cautions of one level about a client.
type cautionGroup struct {
	Level    oauth.CautionLevel
	Label    string
	Tone     ui.Tone
	Cautions []oauth.Caution
}

// cautionGroups returns cautions by level, the weightiest first.
func cautionGroups(cautions []oauth.Caution) (groups []cautionGroup) {
	for _, group := range []cautionGroup{
		{Level: oauth.PossibleImpersonation, Label: "Possible impersonation", Tone: ui.Bad},
		{Level: oauth.Note, Label: "Note", Tone: ui.Warning},
	} {
		for _, caution := range cautions {
			if caution.Level == group.Level {
				group.Cautions = append(group.Cautions, caution)
			}
		}
		if group.Cautions != nil {
			groups = append(groups, group)
		}
	}
	return groups
}

// isSuspicious reports whether a client may be taken for another by what a member has in it.
func isSuspicious(cautions []oauth.Caution, member string) bool {
	return slices.ContainsFunc(cautions, func(c oauth.Caution) bool {
		return c.Member == member && c.Level == oauth.PossibleImpersonation && c.Client == ""
	})
}
