package browsertest

import (
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/chromedp"
)

// axeCore is the script of axe-core.
//
//go:embed axe/axe-4.14.1.min.js
var axeCore string

// screenshots is where Keep keeps pictures.
var screenshots = flag.String("screenshots", "", "directory for screenshots of pages; empty: none are kept")

// violations are what axe-core finds wrong with a page.
type violations []struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// CheckPage opens a page and fails the test for what axe-core finds wrong with it, in light and in dark, wide and narrow.
func (b *Browser) CheckPage(path string) {
	b.Helper()
	b.Visit(path)
	b.CheckShown(path)
}

// CheckShown is CheckPage for the page that is open.
func (b *Browser) CheckShown(name string) {
	b.Helper()
	if Eval[bool](b, `document.querySelector("#live") !== null`) {
		b.Until(`document.querySelector("#live-state").innerText === "Live"`)
	}
	b.Unfold()
	b.CheckOpen(name)
}

// CheckOpen is CheckShown for what is unfolded in the page by now.
func (b *Browser) CheckOpen(name string) {
	b.Helper()
	Eval[bool](b, axeCore+"; true")
	for _, width := range []int64{1280, 375} {
		b.Resize(width, 900)
		b.Colours("light")
		b.report(fmt.Sprintf("%s in light, %d wide", name, width), `{type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}`)
		b.Keep(fmt.Sprintf("%s%s-light-%d", b.Name(), name, width))
		b.Colours("dark")
		b.report(fmt.Sprintf("%s in dark, %d wide", name, width), `{type: "rule", values: ["color-contrast"]}`)
		b.Keep(fmt.Sprintf("%s%s-dark-%d", b.Name(), name, width))
	}
	b.Resize(1280, 900)
}

// Unfold opens all that is folded in the page, but for the menus of the header, which would cover it.
func (b *Browser) Unfold() {
	b.Helper()
	Eval[bool](b, `document.querySelectorAll("details:not(.menu)").forEach(d => d.open = true), true`)
}

// report fails the test for what axe-core, which the page must have loaded, finds by some of its rules once what moves has
// come to its end.
func (b *Browser) report(where, rules string) {
	b.Helper()
	Eval[bool](b, `document.getAnimations().forEach(a => a.effect.getComputedTiming().endTime < Infinity && a.finish()), true`)
	var found violations
	b.try(json.Unmarshal(Eval[json.RawMessage](b,
		`axe.run(document, {runOnly: `+rules+`, resultTypes: ["violations"]}).then(r => r.violations)`), &found))
	for _, v := range found {
		for _, n := range v.Nodes {
			b.Errorf("%s: %s: %s\n%s\n%s", where, v.ID, v.Help, n.HTML, n.Summary)
		}
	}
}

// Keep keeps a picture of the page as it is, when the flag -screenshots asks for pictures.
func (b *Browser) Keep(name string) {
	b.Helper()
	if *screenshots == "" {
		return
	}
	name = strings.Trim(strings.NewReplacer("/", "-", "?", "-", "&", "-", "=", "-").Replace(name), "-")
	ctx, stop := b.step()
	defer stop()
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	b.try(err)
	b.try(os.MkdirAll(*screenshots, 0o755))
	b.try(os.WriteFile(filepath.Join(*screenshots, name+".png"), picture, 0o644))
}
