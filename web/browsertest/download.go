package browsertest

import (
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// Download presses the first element that a selector finds and returns the name and the content of the file that the
// browser saves.
func (b *Browser) Download(link string) (name, content string) {
	b.Helper()
	ctx, stop := b.step()
	defer stop()
	dir, events := b.TempDir(), true
	progress := chromedp.Events(ctx, browser.DownloadProgress)
	Call(b, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID,
		DownloadPath: dir, EventsEnabled: &events,
	})
	b.ClickOn(link)
	for download, err := range progress {
		b.try(err)
		if download.State != browser.DownloadProgressStateInProgress {
			break
		}
	}
	saved, err := os.ReadDir(dir)
	b.try(err)
	if len(saved) != 1 {
		b.Fatalf("%s saved %v, want one file", link, saved)
	}
	name = saved[0].Name()
	data, err := os.ReadFile(filepath.Join(dir, name))
	b.try(err)
	return name, string(data)
}
