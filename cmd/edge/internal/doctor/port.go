package doctor

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// checkPort checks whether the page's port is free.
func checkPort(_ context.Context, m *Machine, p *Plan) []Finding {
	const name = "page"
	if p.Listen == nil {
		return nil
	}
	port, err := p.Listen()
	if err == nil {
		return []Finding{ok(name, "port %d is free", port)}
	}
	sockets := append(listeners(m.text("proc/net/tcp"), port), listeners(m.text("proc/net/tcp6"), port)...)
	owners := m.owners(sockets)
	if m.running() && len(sockets) > 0 && (len(owners) == 0 || slices.ContainsFunc(owners, isEdge)) {
		return []Finding{ok(name, "port %d is in use, probably by the service", port)}
	}
	text := err.Error()
	if len(owners) > 0 {
		text += "; it belongs to " + strings.Join(owners, " and ")
	}
	return []Finding{{name, Problem, text, "sudo ss -ltnp shows the programs that listen; or set another --listen"}}
}

// isEdge reports whether a process is edge or the package's halfmeg.
func isEdge(owner string) bool {
	return strings.HasSuffix(owner, "(edge)") || strings.HasSuffix(owner, "(halfmeg)")
}

// owners returns the processes that have one of these sockets open, such as "process 12
// (nginx)". Processes of other users are visible to root only.
func (m *Machine) owners(sockets []string) []string {
	if len(sockets) == 0 {
		return nil
	}
	var list []string
	folders, _ := fs.Glob(m.Root, "proc/[0-9]*/fd") // the pattern is valid
	for _, folder := range folders {
		entries, err := fs.ReadDir(m.Root, folder)
		if err != nil {
			continue // another user's process, or one that has just ended
		}
		for _, e := range entries {
			target, err := fs.ReadLink(m.Root, path.Join(folder, e.Name()))
			if err == nil && slices.Contains(sockets, target) {
				process := path.Dir(folder)
				list = append(list, fmt.Sprintf("process %s (%s)", path.Base(process), m.text(path.Join(process, "comm"))))
				break
			}
		}
	}
	return list
}

// stateListen is the kernel's number of the TCP state LISTEN.
const stateListen = "0A"

// listeners returns the sockets that listen on a port, as the targets of the links in
// /proc/PID/fd. The table is /proc/net/tcp, see proc_pid_net(5): a heading, then lines
//
//	sl  local_address rem_address   st tx_queue:rx_queue tr:tm->when retrnsmt  uid timeout inode
//	 0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000    0       0 12345
func listeners(table string, port int) []string {
	var sockets []string
	for line := range strings.Lines(table) {
		words := strings.Fields(line)
		if len(words) < 10 || words[3] != stateListen {
			continue
		}
		_, text, _ := strings.Cut(words[1], ":")
		if n, err := strconv.ParseUint(text, 16, 16); err == nil && int(n) == port {
			sockets = append(sockets, "socket:["+words[9]+"]")
		}
	}
	return sockets
}
