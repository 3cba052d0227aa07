package web_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"roster/web/browsertest"
	"roster/web/ui"
)

// markup is a text of markup as a component.
func markup(text string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

// with is a component around others.
func with(outer templ.Component, children ...templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return outer.Render(templ.WithChildren(ctx, templ.Join(children...)), w)
	})
}

// gallerySpans are spans of a chart, the busiest first.
func gallerySpans(spans, long, registered, ended int) []ui.Span {
	made := make([]ui.Span, spans)
	for i := range made {
		first := time.Date(2026, 1, 5+i*long, 0, 0, 0, 0, time.UTC)
		made[i] = ui.Span{
			First: first, Last: first.AddDate(0, 0, long-1), Registered: registered / (i + 1), Ended: ended * i / spans,
			RegisteredPath: "/admin/clients", EventsPath: "/admin/events", Part: i == spans-1,
		}
	}
	return made
}

// gallery is a page with every component in every state. A new component is added here.
func gallery() templ.Component {
	at := time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)
	tones := []ui.Tone{ui.Good, ui.Changed, ui.Warning, ui.Bad, ui.Ended}
	var parts []templ.Component
	section := func(title string, components ...templ.Component) {
		parts = append(parts, markup(`<section class="card"><header><h2>`+title+`</h2></header>`))
		parts = append(parts, components...)
		parts = append(parts, markup(`</section>`))
	}

	var badges []templ.Component
	for _, tone := range tones {
		badges = append(badges, ui.Badge(string(tone), tone), markup(" "))
	}
	section("Badges", badges...)

	figures := []templ.Component{markup(`<ul class="figures">`)}
	for i, tone := range append(tones, "") {
		figures = append(figures, ui.Figure("Figure "+string(tone), i*12345, "/admin/", tone))
	}
	section("Figures", append(figures, markup("</ul>"))...)

	section("Notices",
		ui.NoticeLine(ui.Notice{Tone: ui.Good, Text: "“Portal” is revoked."}),
		ui.NoticeLine(ui.Notice{Tone: ui.Warning, Lead: "Out of date.", Text: "The read model is catching up."}),
		ui.NoticeLine(ui.Notice{Tone: ui.Bad, Lead: "The read model has stopped.", Text: "Event 12 could not be applied."}),
	)
	section("The past",
		ui.PastBanner(ui.Past{Event: 1234, Time: at, Compare: "/admin/diff?from=1234", Now: "/admin/"}),
		ui.MomentChooser(ui.Chooser{Path: "/admin/clients", Kept: []ui.Hidden{{Name: "q", Value: "portal"}}, Value: "1234", Compare: "/admin/diff"}),
	)
	section("Text",
		markup("<p>"), ui.Untrusted("plain, gnp\u202egpj.exe, <script>, "), ui.Untrusted("مرحبا"), markup("</p><p>"), ui.Suspicious("Micros\u043eft \uff30aypal", ui.CellLength), markup("</p><p>"),
		ui.UntrustedShort(strings.Repeat("long ", 100), ui.CellLength), markup("</p><p>"),
		ui.Time(at, ui.DateLayout), markup(" · "), ui.Time(at, ui.MinuteLayout), markup(" · "), ui.TimeUTC(at, ui.SecondLayout), markup("</p>"),
	)

	section("Values",
		markup("<p>"), ui.Machine("https://client.example.com/callback"), markup("</p><p>"), ui.UntrustedLines("A text\r\nof two lines, gnp\u202egpj.exe"), markup("</p>"),
		markup("<p>"), ui.MachineLink(ui.LinkedText{Before: "https://", Linked: "client.example.com", After: "/callback", Path: "/admin/"}), markup("</p>"),
		ui.Code("JSON object", "{\n  \"keys\": []\n}"),
		ui.CopiedCode("JSON document", "{\n  \"client_id\": \"a\"\n}"),
		with(ui.Fold("Show all 200"), markup("<p>What was folded.</p>")),
	)

	buttons := []templ.Component{markup(`<form class="acts" action="#">`)}
	for _, kind := range []ui.ButtonKind{ui.PlainButton, ui.PrimaryButton, ui.DangerButton, ui.QuietButton} {
		buttons = append(buttons, ui.SubmitButton("Submit "+string(kind), kind), ui.LinkButton("Link "+string(kind), "/admin/", kind))
	}
	section("Buttons", append(buttons, markup("</form>"))...)

	section("Fields",
		ui.Input(ui.Field{ID: "plain", Label: "Input", Type: "text", Value: "value"}),
		ui.Input(ui.Field{ID: "wrong", Label: "Wrong input", Type: "text", Value: "value", Failure: "This is not a name."}),
		with(ui.Input(ui.Field{ID: "search", Label: "Busy search", Type: "search", MaxLength: 20}), markup(`<span class="busy htmx-request" aria-hidden="true"></span>`)),
		ui.TextArea(ui.Field{ID: "area", Label: "Text", Hint: "(optional)", MaxLength: 500}),
		ui.TextArea(ui.Field{ID: "area-wrong", Label: "Wrong text", Value: "value", Failure: "The reason is too long."}),
		ui.Select(ui.Field{ID: "select", Label: "Selection", Value: "b"}, []ui.Option{{Value: "a", Text: "one"}, {Value: "b", Text: "another"}}),
		ui.Select(ui.Field{ID: "select-wrong", Label: "Wrong selection", Value: "a", Failure: "There is no such choice."}, []ui.Option{{Value: "a", Text: "one"}}),
		ui.Checkboxes(ui.Field{ID: "ticks", Label: "Checkboxes", Hint: "(none ticked: all)"}, []ui.Option{{Value: "a", Text: "one"}, {Value: "b", Text: "another"}}, []string{"b"}),
		ui.Checkboxes(ui.Field{ID: "ticks-wrong", Label: "Wrong checkboxes", Failure: "Checkboxes must not be so."}, []ui.Option{{Value: "c", Text: "one"}}, nil),
	)
	section("Tabs and pages",
		with(ui.Trail(), markup(`<a href="/admin/">Clients</a><a href="/admin/">Portal</a>`)),
		ui.Tabs("Tabs", []ui.Tab{
			{Link: ui.Link{Text: "All", Path: "/admin/", Current: true}, Count: "1,587"}, {Link: ui.Link{Text: "Active", Path: "/admin/"}},
		}),
		ui.PageTabs("Pages of one thing", "part", []ui.Tab{{Link: ui.Link{Text: "Settings", Path: "/admin/", Current: true}}, {Link: ui.Link{Text: "History", Path: "/admin/"}}}),
		ui.Chips("Filters", []ui.Chip{
			{Label: "Type", Text: "Changed", Without: "/admin/"}, {Label: "By", Text: "administrator <b>\u202e" + strings.Repeat("long ", 40), Without: "/admin/"},
		}, "/admin/"),
		ui.Pager([]ui.PagerLink{{Text: "First page", Path: "/admin/"}, {Text: "Next page", Path: "/admin/", Next: true}, {Text: "Hidden", Path: "/admin/", Hidden: true}}),
	)
	row := func(cells ...templ.Component) []templ.Component {
		return append(append([]templ.Component{markup(`<tr role="row">`)}, cells...), markup(`</tr>`))
	}
	section("Table", with(ui.Table("Things", "", []ui.Column{{Name: "Name"}, {Name: "Status", Class: "col-status"}, {Name: "Time", Zone: "UTC", Class: "col-time"}}),
		append(
			row(with(ui.HeadCell("Name", "client"), markup(`<a class="name" href="/admin/">A name that is cut where there is no room</a>`)),
				with(ui.Cell("Status", ""), ui.Badge("active", ui.Good)), with(ui.Cell("Time", "time"), ui.Time(at, ui.SecondLayout))),
			row(with(ui.HeadCell("Name", "client"), markup("Another")),
				with(ui.Cell("Status", ""), ui.Badge("revoked", ui.Bad)), ui.EmptyCell("Time", "time", "never"))...,
		)...))
	parts = append(parts, with(ui.EmptyState("No clients found"), markup("<p>No client is revoked.</p>")))
	section("Chart of days", ui.ChartFigure(ui.NewChart(gallerySpans(30, 1, 400, 90)), "days"))
	section("Chart of weeks", ui.ChartFigure(ui.NewChart(gallerySpans(53, 7, 90, 40_000)), "weeks"))
	section("Ranking", ui.Ranking([]ui.Rank{
		{Text: "com.example.editor", Count: 12_345, Path: "/admin/"}, {Text: "gnp\u202egpj.exe <b>" + strings.Repeat("long ", 40), Count: 700, Path: "/admin/"}, {Text: "2001:db8::1", Count: 1, Path: "/admin/"},
	}))
	section("Concerns", ui.Concerns([]ui.Concern{
		{Tone: ui.Bad, Text: "3 active clients", Rest: " have a secret that has expired.", Path: "/admin/"},
		{Tone: ui.Warning, Text: "312 clients registered in the last 24 hours from", Quoted: "203.0.113.9", Rest: ", against none in the 7 days before.", Path: "/admin/"},
	}))
	parts = append(parts,
		ui.ProblemSection(ui.Problem{
			Status: 503, Title: "Catching up: 1,200 of 90,000 events", Detail: "Roster is reading its event log.",
			Progress: &ui.Progress{Done: 1200, Total: 90000, Unit: "events"}, Links: []ui.Link{{Text: "Overview", Path: "/admin/"}},
		}))

	return with(ui.Layout(ui.Page{
		Title: "Gallery", Administrator: adminName,
		Sections: []ui.Link{{Text: "Overview", Path: "/admin/", Current: true}, {Text: "Clients", Path: "/admin/clients"}},
		Notices:  []ui.Notice{{Tone: ui.Good, Text: "A notice at the top.", ID: "message"}},
	}), append([]templ.Component{markup("<h1>Gallery</h1>")}, parts...)...)
}

// TestTheGallery looks at every component in every state, in light and dark, wide and narrow.
func TestTheGallery(t *testing.T) {
	var page bytes.Buffer
	if err := gallery().Render(t.Context(), &page); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /admin/gallery", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page.Bytes())
	})
	for _, a := range ui.Assets() {
		mux.HandleFunc("GET "+a.Path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", a.ContentType)
			_, _ = w.Write(a.Content)
		})
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	b := open(t, &registry{server: server})
	b.CheckPage("/admin/gallery")
	for _, width := range []int64{320, 1280} {
		b.Resize(width, 800)
		if browsertest.Eval[bool](b, "document.documentElement.scrollWidth > document.documentElement.clientWidth") {
			t.Errorf("the gallery is wider than a screen of %d pixels", width)
		}
	}
}
