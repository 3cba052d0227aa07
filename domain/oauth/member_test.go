package oauth

import (
	"regexp"
	"slices"
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

// What the rows say of one another is true of them, so that a member, or a pair of them, is its rows and nothing else.
func TestRowsAgree(t *testing.T) {
	contentOf := map[string]string{}
	for _, member := range Members {
		if member.keyAlgorithm != "" {
			if other := contentOf[member.keyAlgorithm]; other != "" {
				t.Errorf("%s and %s have the same algorithm for their key", member.Name, other)
			}
			contentOf[member.keyAlgorithm] = member.Name
		}
	}
	encryptsKeys := func(m *Member) bool {
		allowance := m.rule.allowance
		return allowance != nil && allowance(DefaultPolicy).setting == SettingEncryptionAlgs
	}
	for _, member := range Members {
		name := member.Name
		if !slices.Contains(Groups, member.Group) {
			t.Errorf("%s is in no group", name)
		}
		if member.ChoiceOf != "" {
			of := lookup(member.ChoiceOf)
			if of == nil || of.rule.allowance == nil || of.Group != member.Group {
				t.Errorf("%s is a list of choices for %s of another group, or of no list", name, member.ChoiceOf)
			}
			continue
		}
		isAlg, isEnc := strings.HasSuffix(name, "_alg"), strings.HasSuffix(name, "_enc")
		if isEnc != (member.keyAlgorithm != "") {
			t.Errorf("%s has the algorithm %q for its key", name, member.keyAlgorithm)
		}
		if alg := lookup(member.keyAlgorithm); isEnc && (alg == nil || !encryptsKeys(alg) || alg.Group != member.Group) {
			t.Errorf("%s goes with %s, which does not encrypt keys", name, member.keyAlgorithm)
		}
		if encryptsKeys(&member) != (contentOf[name] != "") {
			t.Errorf("%s encrypts keys for the content of %q", name, contentOf[name])
		}
		if takesKey := member.clientKey != keyOfServer || member.sharedKey; takesKey != isAlg {
			t.Errorf("%s takes a key: %t", name, takesKey)
		}
		if words := member.Values(DefaultPolicy); member.standard != "" && !slices.Contains(words, string(member.standard)) {
			t.Errorf("%s has the standard %s, which is none of %v", name, member.standard, words)
		}
		if (member.page || member.destination) && !member.HoldsURIs() || member.redirect && !member.destination {
			t.Errorf("%s is a page or a destination of another kind", name)
		}
	}
}
