package refusals

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrBadCursor says that a cursor is not one that a query returned.
var ErrBadCursor = errors.New("cursor is not one that was returned")

// A Query selects refusals. The zero value of a field does not restrict.
type Query struct {
	Since  time.Time // at or after
	Until  time.Time // at or before
	Code   string
	IP     string // address of the caller
	Cause  *Cause // exactly this one
	Limit  int    // of a page: 1 to 500
	Cursor string // NextCursor of the page before
}

// A Page is a page of refusals, the newest first.
type Page struct {
	Refusals   []Refusal
	NextCursor string // empty: this is the last page
}

// limitMost is the most that a page holds.
const limitMost = 500

// Page returns a page of refusals. Whoever reads page by page gets each refusal that is kept exactly once, whatever is
// refused meanwhile. It returns ErrBadCursor and ErrUnavailable.
func (s *Store) Page(ctx context.Context, q Query) (Page, error) {
	before := int64(math.MaxInt64)
	if q.Cursor != "" {
		var err error
		if before, err = strconv.ParseInt(q.Cursor, 10, 64); err != nil || before < 1 {
			return Page{}, ErrBadCursor
		}
	}
	limit := min(max(q.Limit, 1), limitMost)
	var page Page
	err := s.read(ctx, func(f *file) (err error) {
		page, err = f.page(ctx, q.within(s.Now()), before, limit)
		return err
	})
	return page, err
}

// A Group is the refusals that have one cause.
type Group struct {
	Cause
	Kept        int // that can be read
	Counted     int // further ones, of which only the number is known
	First, Last time.Time
	Callers     []Caller // those who were refused most often, the first three at most; of those kept
}

// Refusals returns how many there were.
func (g Group) Refusals() int { return g.Kept + g.Counted }

// A Caller is an address with the number of its refusals that are kept.
type Caller struct {
	IP       string
	Refusals int
}

// A Beginning is when the file that holds the refusals was begun, and why in place of another one, which is lost.
type Beginning struct {
	At      time.Time
	Because string // such as "the file was damaged"; empty: it was the first
}

// A Summary is what there is of refusals.
type Summary struct {
	Groups    []Group // the one with the most refusals first
	Beginning Beginning
}

// Summary groups the refusals that q selects by cause; its Limit and Cursor do not count. Those that were only counted
// are of no address. It returns ErrUnavailable.
func (s *Store) Summary(ctx context.Context, q Query) (Summary, error) {
	var summary Summary
	err := s.read(ctx, func(f *file) (err error) {
		summary, err = f.summary(ctx, q.within(s.Now()))
		return err
	})
	return summary, err
}

// A selection is the part of a query behind WHERE, with its values.
type selection struct {
	conditions []string
	values     []any
}

func (s *selection) where(condition string, values ...any) {
	s.conditions, s.values = append(s.conditions, condition), append(s.values, values...)
}

func (s *selection) String() string { return " WHERE " + strings.Join(s.conditions, " AND ") }

// rows selects the refusals of a query that have one of some causes.
func (q Query) rows(causes map[int64]Cause) *selection {
	var s selection
	s.where("time >= ?", q.Since.UnixMicro())
	if !q.Until.IsZero() {
		s.where("time <= ?", q.Until.UnixMicro())
	}
	if q.IP != "" {
		s.where("ip = ?", canonicalIP(q.IP))
	}
	s.ofCauses(q, causes)
	return &s
}

// counts selects the counts of a query that have one of some causes.
func (q Query) counts(causes map[int64]Cause) *selection {
	var s selection
	s.where("second >= ?", q.Since.Unix())
	if !q.Until.IsZero() {
		s.where("second <= ?", q.Until.Unix())
	}
	s.ofCauses(q, causes)
	return &s
}

// ofCauses selects those of some causes, if the query selects by cause.
func (s *selection) ofCauses(q Query, causes map[int64]Cause) {
	if q.Code == "" && q.Cause == nil {
		return
	}
	var ids []any
	for id := range causes {
		ids = append(ids, id)
	}
	s.where("cause IN ("+strings.TrimSuffix(strings.Repeat("?, ", len(ids)), ", ")+")", ids...)
}

// within returns a query that selects nothing beyond Retention, be it still in the file.
func (q Query) within(now time.Time) Query {
	if oldest := now.Add(-Retention); q.Since.Before(oldest) {
		q.Since = oldest
	}
	return q
}

// selects reports whether a query selects refusals of a cause.
func (q Query) selects(c Cause) bool {
	return (q.Code == "" || q.Code == c.Code) && (q.Cause == nil || *q.Cause == c)
}

// causesOf returns the causes that a query selects, by id.
func (f *file) causesOf(ctx context.Context, q Query) (map[int64]Cause, error) {
	rows, err := f.db.QueryContext(ctx, `SELECT id, action, code, member, setting FROM causes`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	causes := map[int64]Cause{}
	for rows.Next() {
		var id int64
		var c Cause
		if err := rows.Scan(&id, &c.Action, &c.Code, &c.Member, &c.Setting); err != nil {
			return nil, err
		}
		if q.selects(c) {
			causes[id] = c
		}
	}
	return causes, rows.Err()
}

// page returns the refusals of a query with ids below one, the newest first.
func (f *file) page(ctx context.Context, q Query, before int64, limit int) (page Page, err error) {
	causes, err := f.causesOf(ctx, q)
	if err != nil {
		return Page{}, err
	}
	selected := q.rows(causes)
	selected.where("id < ?", before)
	rows, err := f.db.QueryContext(ctx, `SELECT r.id, r.time, c.action, c.code, c.member, c.setting, r.ip, r.token, r.client, r.name, r.hosts
		FROM (SELECT * FROM refusals`+selected.String()+` ORDER BY id DESC LIMIT ?) r JOIN causes c ON c.id = r.cause
		ORDER BY r.id DESC`, append(selected.values, limit+1)...)
	if err != nil {
		return Page{}, err
	}
	defer rows.Close()
	for last := int64(0); rows.Next(); {
		if len(page.Refusals) == limit {
			page.NextCursor = strconv.FormatInt(last, 10)
			break
		}
		var (
			r     Refusal
			at    int64
			hosts string
		)
		if err := rows.Scan(&last, &at, &r.Action, &r.Code, &r.Member, &r.Setting, &r.IP, &r.InitialAccessToken, &r.ClientID,
			&r.Name, &hosts); err != nil {
			return Page{}, err
		}
		r.Time = time.UnixMicro(at).UTC()
		if hosts != "" {
			r.Hosts = strings.Split(hosts, hostSeparator)
		}
		page.Refusals = append(page.Refusals, r)
	}
	return page, rows.Err()
}

// callersMost is how many callers a group tells of.
const callersMost = 3

// summary groups what a query selects.
func (f *file) summary(ctx context.Context, q Query) (s Summary, err error) {
	var begun int64
	if err := f.db.QueryRowContext(ctx, `SELECT at, because FROM beginning`).Scan(&begun, &s.Beginning.Because); err != nil {
		return Summary{}, err
	}
	s.Beginning.At = time.UnixMicro(begun).UTC()
	causes, err := f.causesOf(ctx, q)
	if err != nil {
		return Summary{}, err
	}
	groups := map[int64]*Group{}
	for id, c := range causes {
		groups[id] = &Group{Cause: c}
	}
	if err := f.addRows(ctx, q.rows(causes), groups); err != nil {
		return Summary{}, err
	}
	if q.IP == "" {
		if err := f.addCounts(ctx, q.counts(causes), groups); err != nil {
			return Summary{}, err
		}
	}
	for _, g := range groups {
		if g.Refusals() > 0 {
			s.Groups = append(s.Groups, *g)
		}
	}
	slices.SortFunc(s.Groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Refusals(), a.Refusals()), b.Last.Compare(a.Last), strings.Compare(a.key(), b.key()))
	})
	return s, nil
}

// key orders causes.
func (c Cause) key() string {
	return strings.Join([]string{string(c.Action), c.Code, c.Member, c.Setting}, " ")
}

// addRows adds the refusals that are kept to the groups of their causes. There may be as many rows as refusals: to
// rank callers in SQLite takes three times as long as to read them.
func (f *file) addRows(ctx context.Context, selected *selection, groups map[int64]*Group) error {
	rows, err := f.db.QueryContext(ctx, `SELECT cause, ip, count(*), min(time), max(time) FROM refusals`+selected.String()+
		` GROUP BY cause, ip`, selected.values...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			cause       int64
			caller      Caller
			first, last int64
		)
		if err := rows.Scan(&cause, &caller.IP, &caller.Refusals, &first, &last); err != nil {
			return err
		}
		if g := groups[cause]; g != nil { // else of a cause that was added just now
			g.Kept += caller.Refusals
			g.span(time.UnixMicro(first), time.UnixMicro(last))
			g.rank(caller)
		}
	}
	return rows.Err()
}

// addCounts adds those that were only counted.
func (f *file) addCounts(ctx context.Context, selected *selection, groups map[int64]*Group) error {
	rows, err := f.db.QueryContext(ctx, `SELECT cause, sum(refusals), min(second), max(second) FROM counts`+selected.String()+
		` GROUP BY cause`, selected.values...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			cause       int64
			n           int
			first, last int64
		)
		if err := rows.Scan(&cause, &n, &first, &last); err != nil {
			return err
		}
		if g := groups[cause]; g != nil {
			g.Counted += n
			g.span(time.Unix(first, 0), time.Unix(last, 0))
		}
	}
	return rows.Err()
}

// span has a group reach over two times.
func (g *Group) span(first, last time.Time) {
	if g.First.IsZero() || first.Before(g.First) {
		g.First = first.UTC()
	}
	if last.After(g.Last) {
		g.Last = last.UTC()
	}
}

// rank puts a caller among those who were refused most often, if it belongs there.
func (g *Group) rank(c Caller) {
	at := slices.IndexFunc(g.Callers, func(other Caller) bool { return c.Refusals > other.Refusals })
	if at < 0 {
		at = len(g.Callers)
	}
	if at < callersMost {
		g.Callers = slices.Insert(g.Callers, at, c)
		g.Callers = g.Callers[:min(len(g.Callers), callersMost)]
	}
}
