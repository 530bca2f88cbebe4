package memory

import (
	"runtime"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func files(content map[string]string) fstest.MapFS {
	root := fstest.MapFS{}
	for name, text := range content {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return root
}

func TestAvailable(t *testing.T) {
	const meminfo = "MemTotal:        1000 kB\nMemFree:          100 kB\nMemAvailable:     400 kB\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"no limit": {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n"}, 400 << 10},
		"container": {map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n",
			"sys/fs/cgroup/memory.max": "300000\n", "sys/fs/cgroup/memory.current": "200000\n",
			"sys/fs/cgroup/memory.stat": "anon 1\ninactive_file 5000\n",
		}, 105000},
		"a group above": {map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/system.slice/edge.service\n",
			"sys/fs/cgroup/system.slice/memory.max": "9000", "sys/fs/cgroup/system.slice/memory.current": "2000",
			"sys/fs/cgroup/system.slice/edge.service/memory.max": "max", "sys/fs/cgroup/system.slice/edge.service/memory.current": "1000",
		}, 7000},
		"version 1": {map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "5:cpu,cpuacct:/\n4:memory:/docker/1\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "8000", "sys/fs/cgroup/memory/memory.usage_in_bytes": "3000",
		}, 5000},
		"more than the limit is in use": {map[string]string{
			"proc/self/cgroup":         "0::/\n",
			"sys/fs/cgroup/memory.max": "10", "sys/fs/cgroup/memory.current": "20",
		}, 0},
	} {
		got, ok := available(files(c.files))
		require.True(t, ok, name)
		require.Equal(t, c.want, got, name)
	}
	_, ok := available(files(nil))
	require.False(t, ok)
}

func TestThisSystem(t *testing.T) {
	got, ok := Available()
	require.Equal(t, runtime.GOOS == "linux", ok)
	if ok {
		require.Positive(t, got)
	}
}
