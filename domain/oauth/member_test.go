package oauth

import (
	"regexp"
	"strings"
	"testing"
)

// settingNamed finds the setting that a refusal names.
var settingNamed = regexp.MustCompile(`allow-[a-z-]+`)

// What the table says of a member is what its rule does.
func TestTableTellsTheRules(t *testing.T) {
	for _, member := range Members {
		if (member.rule.check != nil || member.rule.values != nil) && member.Rule() == "" {
			t.Errorf("%s has a rule that is not told", member.Name)
		}
		for _, word := range member.Values(DefaultPolicy) {
			value := Value(Text(word))
			if member.Kind == KindList {
				value = List{word}
			}
			if wrong := member.rule.check(DefaultPolicy, value); wrong != "" {
				t.Errorf("%s: %s %s", member.Name, word, wrong)
			}
		}
		if pattern := regexp.MustCompile(member.Pattern()); pattern.MatchString("") || pattern.MatchString("a\x00") {
			t.Errorf("%s: %s matches what is no text", member.Name, pattern)
		}
		if member.Values(DefaultPolicy) == nil {
			continue
		}
		wrong := member.rule.check(DefaultPolicy, Text("none of them"))
		if wrong == "" {
			t.Errorf("%s takes words that are not told", member.Name)
		}
		if setting := settingNamed.FindString(wrong); !strings.Contains(member.Rule(), setting) {
			t.Errorf("%s is refused by %s and told as %s", member.Name, setting, member.Rule())
		}
	}
}
