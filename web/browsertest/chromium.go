package browsertest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// chromium is the one Chromium of all tests of a package, which the first of them starts.
var chromium struct {
	once sync.Once
	ctx  context.Context // of the tab that opens with it
	end  func()          // nil: it was never started
	err  error
}

// Run runs the tests of a package and returns its exit status. Afterwards it ends the browser that they opened. A TestMain
// calls it.
func Run(m *testing.M) int {
	defer func() {
		if chromium.end != nil {
			chromium.end()
		}
	}()
	return m.Run()
}

// started returns the context of Chromium, which it starts when it is needed first.
func started(tb testing.TB) context.Context {
	tb.Helper()
	chromium.once.Do(func() { chromium.err = startChromium() })
	if chromium.err != nil {
		tb.Fatalf("the browser tests need Chromium (Debian: apt-get install chromium): %v", chromium.err)
	}
	return chromium.ctx
}

func startChromium() error {
	path, err := findChromium()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "chromium") // of all that Chromium leaves behind
	if err != nil {
		return err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(dir), chromedp.Env("TMPDIR="+dir), chromedp.NoSandbox, chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	allocated, stop := chromedp.NewExecAllocator(context.Background(), options...)
	browser, closeTab := chromedp.NewContext(allocated)
	chromium.ctx, chromium.end = browser, func() { closeTab(); stop(); _ = os.RemoveAll(dir) }
	return chromedp.Do(browser)
}

// findChromium returns the path of the browser under one of the names that systems give it.
func findChromium() (path string, err error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		found, lookErr := exec.LookPath(name)
		if lookErr == nil {
			return found, nil
		}
		err = errors.Join(err, lookErr)
	}
	return "", err
}
