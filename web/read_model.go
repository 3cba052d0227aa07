package web

import (
	"errors"
	"net/http"

	"roster/projections/readmodel"
	"roster/web/ui"
)

// behindTolerated is how many events the read model may lack before a page says so.
const behindTolerated = 1000

// readModelNotices returns what every page says about the state of the read model.
func readModelNotices(h readmodel.Health) []ui.Notice {
	shown := "Pages show the registry as of event " + ui.Number(h.Applied) + " of " + ui.Number(h.Last) + "."
	switch {
	case h.Err != nil:
		return []ui.Notice{{Tone: ui.Bad, Lead: "The read model has stopped.", Text: stoppedAt(h) + " " + shown}}
	case errors.Is(h.Trouble, readmodel.ErrRebuilding):
		return nil // every page fails with readModelProblem
	case h.Trouble != nil:
		return []ui.Notice{{Tone: ui.Warning, Lead: "Out of date.",
			Text: "The read model cannot follow the event log at present, so pages may lack the newest events. The server's log says why."}}
	case h.Last > h.Applied+behindTolerated:
		return []ui.Notice{{Tone: ui.Warning, Lead: "Out of date.", Text: "The read model is catching up. " + shown}}
	}
	return nil
}

// readModelProblem returns what a page says that cannot be shown because of the state of the read model, and
// whether that state passes by itself.
func readModelProblem(h readmodel.Health) (_ ui.Problem, passes bool) {
	switch {
	case h.Err != nil:
		return problem(http.StatusServiceUnavailable, "The read model has stopped",
			stoppedAt(h)+" Until that is repaired and Roster is started again, pages that need this event or a later one cannot be shown."), false
	case h.Trouble != nil && !errors.Is(h.Trouble, readmodel.ErrRebuilding):
		return problem(http.StatusServiceUnavailable, "The read model cannot be read",
			"The server's log says why. Roster keeps trying."), true
	case h.Applied < h.Last:
		p := ui.Progress{Done: h.Applied, Total: h.Last, Unit: "events"}
		return ui.Problem{
			Status: http.StatusServiceUnavailable, Title: "Catching up: " + p.String(), Progress: &p,
			Detail: "Roster is reading its event log and shows nothing before it has read all of it.",
		}, true
	}
	return problem(http.StatusServiceUnavailable, "The registry cannot be shown now",
		"The read model is being opened."), true
}

// stoppedAt says at which event the read model has stopped, and why.
func stoppedAt(h readmodel.Health) string {
	return "Event " + ui.Number(h.Applied+1) + " could not be applied: " + ui.PlainUntrusted(h.Err.Error(), ui.CellLength) + "."
}
