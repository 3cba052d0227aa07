package main

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"roster/web"
)

// inEffect returns the settings of the command that was parsed, with their values and where these came from, in the order
// of the reference. It never tells the value of a setting that has the tag secret, that holds what may be the user
// information of a URL, or whose type has no text.
func inEffect(parsed *kong.Context) (settings []web.Setting) {
	var given []string // on the command line
	for _, at := range parsed.Path {
		if at.Flag != nil && !at.Resolved {
			given = append(given, at.Flag.Name)
		}
	}
	for _, flag := range parsed.Selected().Flags {
		s := web.Setting{Name: flag.Name, Environment: strings.Join(flag.Envs, ", "), Meaning: flag.Help, Source: web.FromDefault}
		switch {
		case slices.Contains(given, flag.Name):
			s.Source = web.FromFlag
		case slices.ContainsFunc(flag.Envs, isInEnvironment):
			s.Source = web.FromEnvironment
		}
		value, isText := textOf(flag.Target)
		s.Secret = !isText || flag.Tag.Has("secret") || hasUser(value)
		if s.Secret {
			s.IsSet = !flag.Target.IsZero()
		} else {
			s.Value = value
		}
		settings = append(settings, s)
	}
	return settings
}

func isInEnvironment(name string) bool {
	_, is := os.LookupEnv(name)
	return is
}

// textOf returns the value of a setting as people read it. It reports false for a type that has no text, as those of
// secrets have none.
func textOf(value reflect.Value) (string, bool) {
	switch v := value.Interface().(type) {
	case fmt.Stringer:
		return v.String(), true
	case []string:
		return strings.Join(given(v), ", "), true
	case string, bool, int:
		return fmt.Sprint(v), true
	}
	return "", false
}
