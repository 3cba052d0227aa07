package oauth

import (
	"regexp"
	"strings"
	"testing"
)

// What the table says of a member is what its rule does.
func TestTableTellsTheRules(t *testing.T) {
	for _, member := range Members {
		if (member.rule.check != nil || member.rule.allowance != nil) && member.Rule() == "" {
			t.Errorf("%s has a rule that is not told", member.Name)
		}
		for _, word := range member.Values(DefaultPolicy) {
			value := Value(Text(word))
			if member.Kind == KindList {
				value = List{word}
			}
			if wrong := member.rule.check(DefaultPolicy, value); wrong != nil {
				t.Errorf("%s: %s %s", member.Name, word, wrong.text)
			}
		}
		if pattern := regexp.MustCompile(member.Pattern()); pattern.MatchString("") || pattern.MatchString("a\x00") {
			t.Errorf("%s: %s matches what is no text", member.Name, pattern)
		}
		if member.Values(DefaultPolicy) == nil {
			continue
		}
		wrong := member.rule.check(DefaultPolicy, Text("none of them"))
		if wrong == nil {
			t.Errorf("%s takes words that are not told", member.Name)
			continue
		}
		if !strings.Contains(wrong.text, wrong.setting) || !strings.Contains(member.Rule(), wrong.setting) {
			t.Errorf("%s is refused by %q, in the words %s, and told as %s", member.Name, wrong.setting, wrong.text, member.Rule())
		}
	}
}
