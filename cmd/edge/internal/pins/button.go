package pins

import (
	"context"
	"sync"
	"time"

	"halfmeg/cmd/edge/internal/gpio"
)

// Buttons starts actions by presses of buttons.
type Buttons struct {
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// NewButtons requests the lines of buttons. do starts an action; it must not block.
func NewButtons(c Config, list []Button, do func(Button, Action)) *Buttons {
	ctx, cancel := context.WithCancel(context.Background())
	b := &Buttons{cancel: cancel}
	for _, spec := range list {
		input := gpio.Input{ActiveLow: !spec.ActiveHigh, Pull: spec.Pull, Debounce: uint32(spec.Debounce.Microseconds())}
		k := keeper{
			name:    "button " + spec.Address.String(),
			request: func() (*gpio.Line, error) { return c.GPIO.Input(spec.Address, input) },
			use: func(ctx context.Context, line *gpio.Line) error {
				return watch(ctx, line, spec, func(a Action) { do(spec, a) })
			},
			report: c.Report,
			log:    c.Log,
		}
		b.running.Go(func() { k.run(ctx) })
	}
	return b
}

// Close releases the lines.
func (b *Buttons) Close() error {
	b.cancel()
	b.running.Wait()
	return nil
}

// watch starts actions until the line fails or the context ends. Then it closes the line.
//
// A level counts when there was no edge for the time Debounce. The kernel debounces too,
// where it can. A button that is pressed from the start is ignored until it is released: it
// may be stuck, or have started the machine.
func watch(ctx context.Context, line *gpio.Line, b Button, do func(Action)) error {
	defer line.Close()
	edges := make(chan error)
	stop := make(chan struct{})
	defer close(stop)
	go forwardEdges(line, edges, stop)

	pressed, err := line.Active()
	if err != nil {
		return err
	}
	p := press{button: b, do: do, hold: time.NewTimer(b.HoldTime)}
	p.hold.Stop()
	defer p.hold.Stop()
	settled := time.NewTimer(b.Debounce) // the first level may be part of a bounce
	defer settled.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-edges:
			if err != nil {
				return err
			}
			settled.Reset(b.Debounce)
		case <-p.hold.C:
			p.held()
		case <-settled.C:
			now, err := line.Active()
			if err != nil {
				return err
			}
			if now != pressed {
				pressed = now
				p.change(pressed)
			}
		}
	}
}

// forwardEdges sends nil for each edge, and the error of the line at its end.
func forwardEdges(line *gpio.Line, edges chan<- error, stop <-chan struct{}) {
	for {
		err := line.Wait()
		select {
		case edges <- err:
		case <-stop:
			return
		}
		if err != nil {
			return
		}
	}
}

// press decides which action a press starts.
type press struct {
	button  Button
	do      func(Action)
	hold    *time.Timer
	pending bool // the button is pressed, and no action has started
}

// change processes a change of the debounced level.
func (p *press) change(pressed bool) {
	switch {
	case pressed && p.button.Hold == "":
		p.do(p.button.Press)
	case pressed:
		p.pending = true
		p.hold.Reset(p.button.HoldTime)
	case p.pending:
		p.pending = false
		if p.button.Press != "" {
			p.do(p.button.Press)
		}
	}
}

// held processes the end of HoldTime.
func (p *press) held() {
	if p.pending {
		p.pending = false
		p.do(p.button.Hold)
	}
}
