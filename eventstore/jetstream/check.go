package jetstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"roster/domain"
	"roster/eventstore"
)

// checkBlocks reads the block files of an embedded server before it is started, and returns a *LossError if
// events are missing. If that is accepted, the files that the server will cut are copied first.
func (l *Log) checkBlocks(ctx context.Context, dir string, o Options) (err error) {
	blocks := blocksDir(dir, StreamName)
	if l.survey, err = surveyBlocks(blocks, StreamName); err != nil {
		return fmt.Errorf("check event log: %w", err)
	}
	if err := l.accept(l.survey.judge(ctx, o.Witness), o); err != nil {
		return err
	}
	if len(l.lost) > 0 {
		if err := l.survey.setAside(blocks, dir); err != nil {
			return fmt.Errorf("set damaged files aside: %w", err)
		}
	}
	return l.survey.dropIndex(blocks, len(l.lost) > 0)
}

// checkStream compares the stream with the witness, and surveys an external one first.
func (l *Log) checkStream(ctx context.Context, o Options) (err error) {
	if l.embedded != nil {
		if l.opened < l.survey.last {
			return fmt.Errorf("the embedded server found events up to %d only, its block files hold them up to %d", l.opened, l.survey.last)
		}
	} else {
		if l.survey, err = l.surveyStream(ctx); err == nil {
			err = l.accept(l.survey.judge(ctx, o.Witness), o)
		}
		if err != nil {
			return err
		}
	}
	if len(l.lost) > 0 {
		return nil
	}
	return l.accept(l.confront(ctx, o.Witness), o)
}

// accept returns nil for a *LossError if the options accept losses, and remembers what is lost. It returns any other
// error as it is.
func (l *Log) accept(err error, o Options) error {
	loss := (*LossError)(nil)
	if !o.AcceptLoss || !errors.As(err, &loss) {
		return err
	}
	l.lost = loss.Lost
	l.logger.Warn("going on without acknowledged events, as was asked for", "because", loss.Because, "missing", loss.Lost)
	return nil
}

// surveyStream asks the server what an external stream holds.
func (l *Log) surveyStream(ctx context.Context) (*survey, error) {
	stream, err := l.js.Stream(ctx, StreamName)
	if err != nil {
		return nil, err
	}
	info, err := stream.Info(ctx, jetstream.WithDeletedDetails(true))
	if err != nil {
		return nil, err
	}
	s := &survey{events: info.State.Msgs, last: info.State.LastSeq}
	if first := info.State.FirstSeq; first > 1 {
		s.gaps = append(s.gaps, Span{1, first - 1})
	}
	for _, seq := range info.State.Deleted {
		if n := len(s.gaps); n > 0 && s.gaps[n-1].To == seq-1 {
			s.gaps[n-1].To = seq
		} else {
			s.gaps = append(s.gaps, Span{seq, seq})
		}
	}
	if _, err := l.read(ctx, subjectOf(domain.RegistryAggregate()), 0, s.addRegistryEvent); err != nil {
		return nil, err
	}
	return s, nil
}

// confront returns a *LossError unless the log is the one that the witness has read and holds the last event that it
// read, or the loss was accepted.
func (l *Log) confront(ctx context.Context, w Witness) error {
	last := w.Last()
	if last == 0 {
		return nil
	}
	if id := w.Identity(); id.Name != l.identity.Name || !id.Created.Equal(l.identity.Created) {
		return l.contest(ctx, w, Span{1, last}, fmt.Sprintf("the read model is of the log %s of %s, this one is of %s",
			id.Name, id.Created.Format(time.RFC3339), l.identity.Created.Format(time.RFC3339)))
	}
	if same, err := l.agrees(ctx, w, last); same || err != nil {
		return err
	}
	// Neither changes what it holds, so they agree up to some event and differ from there on.
	common, differs := uint64(0), last
	for differs-common > 1 {
		middle := common + (differs-common)/2
		same, err := l.agrees(ctx, w, middle)
		if err != nil {
			return err
		}
		if same {
			common = middle
		} else {
			differs = middle
		}
	}
	return l.contest(ctx, w, Span{differs, last}, fmt.Sprintf("from event %d on it holds others than the read model", differs))
}

// contest returns a *LossError for events that the witness alone holds, unless their loss was accepted.
func (l *Log) contest(ctx context.Context, w Witness, span Span, because string) error {
	loss, err := l.survey.isLoss(ctx, span, w)
	if err == nil && loss {
		err = &LossError{Lost: []Span{span}, Because: because}
	}
	return err
}

// agrees reports whether log and witness hold the same event at a sequence, or neither any.
func (l *Log) agrees(ctx context.Context, w Witness, seq uint64) (bool, error) {
	want, err := w.EventID(ctx, seq)
	if err != nil {
		return false, err
	}
	msg, err := l.get(ctx, getRequest{Seq: seq})
	if errors.Is(err, eventstore.ErrNoEvent) {
		return want == "", nil
	}
	if err != nil {
		return false, err
	}
	return idOf(msg.Header) == want, nil
}
