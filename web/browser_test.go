package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
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

// patience is how long a browser test waits for what should be there in a moment.
const patience = 30 * time.Second

// allocator starts Chromium once for all tests. TestMain ends it.
var allocator = struct {
	once   sync.Once
	ctx    context.Context
	cancel context.CancelFunc
	err    error
}{}

func TestMain(m *testing.M) {
	code := m.Run()
	if allocator.cancel != nil {
		allocator.cancel()
	}
	os.Exit(code)
}

// startChromium returns the context of the one Chromium.
func startChromium(t testing.TB) context.Context {
	t.Helper()
	allocator.once.Do(func() {
		var path string
		for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
			if path, allocator.err = exec.LookPath(name); allocator.err == nil {
				break
			}
		}
		if allocator.err != nil {
			return
		}
		var dir string // of all that Chromium leaves behind
		if dir, allocator.err = os.MkdirTemp("", "chromium"); allocator.err != nil {
			return
		}
		options := append(chromedp.DefaultExecAllocatorOptions[:],
			chromedp.ExecPath(path), chromedp.UserDataDir(dir), chromedp.Env("TMPDIR="+dir), chromedp.NoSandbox, chromedp.Flag("disable-gpu", true),
			chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
		allocated, stop := chromedp.NewExecAllocator(context.Background(), options...)
		browser, end := chromedp.NewContext(allocated)
		allocator.ctx, allocator.cancel = browser, func() { end(); stop(); _ = os.RemoveAll(dir) }
		allocator.err = chromedp.Do(browser)
	})
	if allocator.err != nil {
		t.Fatalf("the browser tests need Chromium (Debian: apt-get install chromium): %v", allocator.err)
	}
	return allocator.ctx
}

// A browser is a tab of its own, with cookies of its own, on a registry's dashboard.
type browser struct {
	testing.TB
	ctx  context.Context
	base string

	mu     sync.Mutex
	faults []string // what the pages did that no page may: errors, dialogs, breaches of the policy
}

// open opens a tab. At the end of the test it fails for every fault of a page.
func open(t testing.TB, r *registry) *browser {
	t.Helper()
	ctx, cancel := chromedp.NewContext(startChromium(t), chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	ctx, stop := context.WithTimeout(ctx, 10*patience)
	t.Cleanup(stop)
	b := &browser{TB: t, ctx: ctx, base: r.server.URL}
	b.try(chromedp.Listen(ctx, b.watch))
	call(b, cdplog.Enable, cdp.Empty{})
	call(b, runtime.Enable, cdp.Empty{})
	call(b, page.Enable, page.EnableParams{})
	b.try(chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900)))
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, fault := range b.faults {
			t.Error(fault)
		}
	})
	return b
}

// call sends a command of the protocol.
func call[P, R any](b *browser, command cdp.Command[P, R], params P) R {
	b.Helper()
	result, err := chromedp.Call(b.ctx, command, params)
	b.try(err)
	return result
}

// watch keeps the faults of pages. That an answer was an error, which the log holds too, is none.
func (b *browser) watch(event any) {
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

func (b *browser) try(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// visit opens a page of the dashboard.
func (b *browser) visit(path string) {
	b.Helper()
	b.try(chromedp.Do(b.ctx, chromedp.Navigate(b.base+path)))
}

// eval returns the value of an expression in the page. It may be a promise.
func eval[T any](b *browser, expression string) T {
	b.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, awaiting))
	b.try(err)
	return value
}

func awaiting(p *runtime.EvaluateParams) { yes := true; p.AwaitPromise = &yes }

// until waits until an expression holds in the page, whatever page that is by then.
func (b *browser) until(expression string) {
	b.Helper()
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		holds, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if err == nil && holds {
			return
		}
		if b.ctx.Err() != nil {
			break
		}
	}
	b.Fatalf("waited in vain at %s for %s; the page said:\n%s",
		eval[string](b, "location.href"), expression, eval[string](b, "document.body.innerText"))
}

// untilPath waits until the page at a path, which may be a prefix ending in *, is there in full.
func (b *browser) untilPath(path string) {
	b.Helper()
	test := "location.pathname + location.search === " + quoted(path)
	if n := len(path) - 1; path[n] == '*' {
		test = "(location.pathname + location.search).startsWith(" + quoted(path[:n]) + ")"
	}
	b.until(test + " && document.readyState === 'complete'")
}

// click presses the one visible link, button or summary whose text begins so.
func (b *browser) click(text string) {
	b.Helper()
	b.try(chromedp.Do(b.ctx, chromedp.Click(chromedp.JSPath(
		`[...document.querySelectorAll("a,button,summary")].find(e => e.checkVisibility() && e.innerText.trim().startsWith(`+quoted(text)+`))`))))
}

// enter types into a field.
func (b *browser) enter(field, text string) {
	b.Helper()
	b.try(chromedp.Do(b.ctx, chromedp.SendKeys(chromedp.CSS(field), text)))
}

// press presses keys on whatever has the focus.
func (b *browser) press(keys string) {
	b.Helper()
	b.try(chromedp.Do(b.ctx, chromedp.KeyEvent(keys)))
}

// tabTo presses Tab until an expression holds for the focused element `e`, as one who has no mouse would.
func (b *browser) tabTo(expression string) {
	b.Helper()
	for range 80 {
		if eval[bool](b, "(e => Boolean("+expression+"))(document.activeElement)") {
			if !eval[bool](b, "document.activeElement.matches(':focus-visible')") {
				b.Errorf("the focus on %s is not to be seen", expression)
			}
			return
		}
		b.press(kb.Tab)
	}
	b.Fatalf("no way with the Tab key to %s", expression)
}

// signIn signs the administrator in from the sign-in page.
func (b *browser) signIn() {
	b.Helper()
	b.visit("/admin/login")
	b.until(`document.activeElement.id === "name"`) // the browser complains of a focus that comes before its own
	b.enter("#name", adminName)
	b.enter("#password", adminPassword)
	b.click("Sign in")
	b.untilPath("/admin/")
}

// colours lets pages believe that the reader prefers light or dark.
func (b *browser) colours(scheme string) {
	b.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
}

// quoted writes text as an expression.
func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(fmt.Sprintf("quote %q: %v", text, err))
	}
	return string(b)
}
