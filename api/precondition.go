package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
)

// An entity tag of a client is its version in quotes (RFC 9110 8.8.3). It is strong, and made of nothing
// secret.
func entityTag(version uint64) string {
	return `"` + strconv.FormatUint(version, 10) + `"`
}

func setVersion(c echo.Context, version uint64) {
	c.Response().Header().Set("ETag", entityTag(version))
}

// preconditions are what a request makes its effect depend on (RFC 9110 13.1.1 and 13.1.2). The zero value
// is of a request that depends on nothing.
type preconditions struct {
	match, noneMatch []string // entity tags; nil: no such header
}

// preconditionsOf reads If-Match and If-None-Match. It returns a problem for what is no list of entity tags.
func preconditionsOf(r *http.Request) (p preconditions, err error) {
	if p.match, err = entityTags(r, "If-Match"); err != nil {
		return p, err
	}
	p.noneMatch, err = entityTags(r, "If-None-Match")
	return p, err
}

// ifMatch reports whether If-Match accepts a version. Tags are compared strongly: a weak one matches nothing.
func (p preconditions) ifMatch(version uint64) bool {
	return p.match == nil || slices.Contains(p.match, "*") || slices.Contains(p.match, entityTag(version))
}

// ifNoneMatch reports whether If-None-Match accepts a version.
func (p preconditions) ifNoneMatch(version uint64) bool { return !p.known(entityTag(version)) }

// known reports whether If-None-Match names a strong entity tag, or any. Tags are compared weakly.
func (p preconditions) known(current string) bool {
	return slices.ContainsFunc(p.noneMatch, func(tag string) bool {
		return tag == "*" || strings.TrimPrefix(tag, "W/") == current
	})
}

// entityTags reads a header of the form "*" or a list of entity tags, nil when there is none.
func entityTags(r *http.Request, name string) ([]string, error) {
	values := r.Header.Values(name)
	if values == nil {
		return nil, nil
	}
	var tags []string
	for rest := strings.TrimSpace(strings.Join(values, ",")); rest != ""; {
		tag, after, ok := cutEntityTag(rest)
		if !ok {
			return nil, invalidRequest(http.StatusBadRequest, name, name+" must be * or entity tags in quotes, as ETag gives them")
		}
		tags = append(tags, tag)
		rest = strings.TrimLeft(after, ", \t")
	}
	if len(tags) == 0 || len(tags) > 1 && slices.Contains(tags, "*") {
		return nil, invalidRequest(http.StatusBadRequest, name, name+" must be * alone or at least one entity tag")
	}
	return tags, nil
}

// cutEntityTag takes the first entity tag, or a *, from a list.
func cutEntityTag(list string) (tag, rest string, ok bool) {
	if rest, ok := strings.CutPrefix(list, "*"); ok {
		return "*", rest, true
	}
	opaque := strings.TrimPrefix(list, "W/")
	weak := len(list) - len(opaque)
	if !strings.HasPrefix(opaque, `"`) {
		return "", "", false
	}
	end := strings.IndexByte(opaque[1:], '"')
	if end < 0 {
		return "", "", false
	}
	length := weak + end + 2
	return list[:length], list[length:], true
}
