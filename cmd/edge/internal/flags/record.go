package flags

import (
	"fmt"

	"github.com/spf13/pflag"

	"halfmeg/cmd/edge/internal/config"
	"halfmeg/cmd/edge/internal/record"
)

// Record are the flags for recording, which is off if Config.Dir is empty.
type Record struct{ Config record.Config }

// Add defines the flags.
func (r *Record) Add(flags *pflag.FlagSet) {
	c := &r.Config
	c.MaxBytes, c.MinFree = 2e9, 500e6
	flags.StringVar(&c.Dir, "record", "", "keep a picture and a JSON file of each event in this `folder`")
	config.MarkPath(flags, "record")
	flags.StringSliceVar(&c.Events, "record-events", nil, "record only these classes and groups, by their `names`, such as robin,dog")
	flags.Var(Bytes(&c.MaxBytes), "record-max-bytes", "delete the oldest events beyond this `size`, such as 500MB or 2GB; 0 for no limit")
	flags.Var(Count(&c.MaxCount), "record-max-count", "delete the oldest events beyond this `number`; 0 for no limit")
	flags.Var(Count(&c.MaxDays), "record-max-days", "delete events after this `number` of days; 0 for no limit")
	flags.Var(Bytes(&c.MinFree), "record-min-free", "stop recording while less than this `size` is free on the card")
	flags.Var(&boundedInt{&c.PreRoll, 0, record.MaxPreRoll}, "record-pre-roll", "also keep this `number` of pictures from before each event, half a second apart")
}

// Prepare checks that every name in --record-events is a group that has events, a class
// with one of these labels, or a built-in group, for which it enables events.
func (r *Record) Prepare(labels []string, d *Decision) error {
	for _, name := range r.Config.Events {
		if _, _, err := d.Enable(labels, name); err != nil {
			return fmt.Errorf("--record-events: %w", err)
		}
	}
	return nil
}
