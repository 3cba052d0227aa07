// Package browsertest opens the dashboard in Chromium, for tests of pages on a server of the test and for tests of an
// administrator's jobs on the program itself. Chromium must be installed.
package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience is how long a test waits for what should be there in a moment. A busy machine is no failure.
const patience = time.Minute

// A Dashboard is where it is served, and who can sign in.
type Dashboard struct {
	URL            string // without a slash at its end
	User, Password string
}

// A Browser is a tab of its own, with cookies of its own, on a dashboard. Its methods fail the test when they cannot do
// what they are for.
type Browser struct {
	testing.TB
	dashboard Dashboard
	ctx       context.Context

	mu     sync.Mutex
	faults []string // what the pages did that no page may: errors, dialogs, breaches of the policy
}

// Open opens a tab of 1280 by 900 pixels. At the end of the test it fails for every fault of a page.
func Open(tb testing.TB, d Dashboard) *Browser {
	tb.Helper()
	ctx, cancel := chromedp.NewContext(started(tb), chromedp.WithNewBrowserContext())
	tb.Cleanup(cancel)
	b := &Browser{TB: tb, dashboard: d, ctx: ctx}
	b.try(chromedp.Listen(ctx, b.watch))
	Call(b, cdplog.Enable, cdp.Empty{})
	Call(b, runtime.Enable, cdp.Empty{})
	Call(b, page.Enable, page.EnableParams{})
	b.Resize(1280, 900)
	tb.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, fault := range b.faults {
			tb.Error(fault)
		}
	})
	return b
}

// watch keeps the faults of pages. That an answer was an error, which the log holds too, is none.
func (b *Browser) watch(event any) {
	var fault string
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		fault = "exception: " + e.ExceptionDetails.Text
	case *page.EventJavascriptDialogOpening:
		fault = "dialog: " + e.Message
	case *cdplog.EventEntryAdded:
		if e.Entry.Source != cdplog.EntrySourceNetwork {
			fault = "console: " + e.Entry.Text
		}
	}
	if fault != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.faults = append(b.faults, fault)
	}
}

func (b *Browser) try(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// Do does what chromedp can do. What a step needs must be there, or come, within a minute.
func (b *Browser) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx, stop := b.step()
	defer stop()
	b.try(chromedp.Do(ctx, steps...))
}

// step returns the context of one step.
func (b *Browser) step() (context.Context, context.CancelFunc) {
	return context.WithTimeout(b.ctx, patience)
}

// Call sends a command of the browser's protocol.
func Call[P, R any](b *Browser, command cdp.Command[P, R], params P) R {
	b.Helper()
	ctx, stop := b.step()
	defer stop()
	result, err := chromedp.Call(ctx, command, params)
	b.try(err)
	return result
}

// Eval returns the value of an expression in the page. It may be a promise.
func Eval[T any](b *Browser, expression string) T {
	b.Helper()
	ctx, stop := b.step()
	defer stop()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, awaiting))
	b.try(err)
	return value
}

func awaiting(p *runtime.EvaluateParams) { yes := true; p.AwaitPromise = &yes }

// Visit opens a page of the dashboard.
func (b *Browser) Visit(path string) {
	b.Helper()
	b.Do(chromedp.Navigate(b.dashboard.URL + path))
}

// Until waits until an expression holds in the page, whatever page that is by then.
func (b *Browser) Until(expression string) {
	b.Helper()
	ctx, stop := b.step()
	defer stop()
	for ctx.Err() == nil {
		holds, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if err == nil && holds {
			return
		}
	}
	b.Fatalf("waited in vain at %s for %s; the page said:\n%s",
		Eval[string](b, "location.href"), expression, Eval[string](b, "document.body.innerText"))
}

// UntilPath waits until the page at a path, which may be a prefix ending in *, is there in full.
func (b *Browser) UntilPath(path string) {
	b.Helper()
	test := "location.pathname + location.search === " + Quoted(path)
	if n := len(path) - 1; path[n] == '*' {
		test = "(location.pathname + location.search).startsWith(" + Quoted(path[:n]) + ")"
	}
	b.Until(test + " && document.readyState === 'complete'")
}

// UntilText waits until the page says a text.
func (b *Browser) UntilText(text string) {
	b.Helper()
	b.Until("document.body.innerText.includes(" + Quoted(text) + ")")
}

// Click presses the one visible link, button or summary whose text begins so.
func (b *Browser) Click(text string) {
	b.Helper()
	b.Do(chromedp.Click(chromedp.JSPath(
		`[...document.querySelectorAll("a,button,summary")].find(e => e.checkVisibility() && e.innerText.trim().startsWith(` + Quoted(text) + `))`)))
}

// ClickOn presses the first element that a selector finds.
func (b *Browser) ClickOn(selector string) {
	b.Helper()
	b.Do(chromedp.Click(chromedp.CSS(selector)))
}

// Enter types into a field.
func (b *Browser) Enter(field, text string) {
	b.Helper()
	b.Do(chromedp.SendKeys(chromedp.CSS(field), text))
}

// Press presses keys on whatever has the focus.
func (b *Browser) Press(keys string) {
	b.Helper()
	b.Do(chromedp.KeyEvent(keys))
}

// TabTo presses Tab until an expression holds for the focused element `e`, as one who has no mouse would.
func (b *Browser) TabTo(expression string) {
	b.Helper()
	for range 80 {
		if Eval[bool](b, "(e => Boolean("+expression+"))(document.activeElement)") {
			if !Eval[bool](b, "document.activeElement.matches(':focus-visible')") {
				b.Errorf("the focus on %s is not to be seen", expression)
			}
			return
		}
		b.Press(kb.Tab)
	}
	b.Fatalf("no way with the Tab key to %s", expression)
}

// SignIn signs the administrator in from the sign-in page.
func (b *Browser) SignIn() {
	b.Helper()
	b.Visit("/admin/login")
	b.Until(`document.activeElement.id === "name"`) // the browser complains of a focus that comes before its own
	b.Enter("#name", b.dashboard.User)
	b.Enter("#password", b.dashboard.Password)
	b.Click("Sign in")
	b.UntilPath("/admin/")
}

// Resize gives the tab another size, in pixels.
func (b *Browser) Resize(width, height int64) {
	b.Helper()
	b.Do(chromedp.EmulateViewport(width, height))
}

// Colours lets pages believe that the reader prefers light or dark.
func (b *Browser) Colours(scheme string) {
	b.Helper()
	Call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
}

// RunScripts says whether the scripts of pages run. They do unless it says otherwise.
func (b *Browser) RunScripts(run bool) {
	b.Helper()
	Call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !run})
}

// Quoted writes text as an expression.
func Quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(fmt.Sprintf("quote %q: %v", text, err))
	}
	return string(b)
}
