package server

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// certificateInterval is the minimum time between two checks whether the files of the
// certificate have changed.
const certificateInterval = time.Minute

// certificate is a TLS certificate that is loaded again when its files change, because
// certificates are renewed every few weeks while edge runs.
type certificate struct {
	certFile, keyFile string
	report            func(error) // called for a renewed certificate that cannot be loaded

	mu      sync.Mutex
	loaded  *tls.Certificate
	version [2]time.Time // modification times of the files that were loaded last
	checked time.Time
}

// newCertificate loads a certificate from two PEM files.
func newCertificate(certFile, keyFile string, report func(error)) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, report: report, checked: time.Now()}
	c.version = c.modified()
	if err := c.load(); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *certificate) load() error {
	loaded, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("--tls-cert %s, --tls-key %s: %w; both must be PEM files of the same certificate", c.certFile, c.keyFile, err)
	}
	c.loaded = &loaded
	return nil
}

// modified returns the modification times of the two files, zero for one that is missing.
func (c *certificate) modified() [2]time.Time {
	var times [2]time.Time
	for i, name := range []string{c.certFile, c.keyFile} {
		if info, err := os.Stat(name); err == nil {
			times[i] = info.ModTime()
		}
	}
	return times
}

// get is a tls.Config.GetCertificate. If a renewed certificate cannot be loaded, the
// previous one stays in use: the two files are not replaced at the same time.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.checked) < certificateInterval {
		return c.loaded, nil
	}
	c.checked = time.Now()
	if version := c.modified(); version != c.version {
		c.version = version
		if err := c.load(); err != nil {
			c.report(fmt.Errorf("the previous certificate stays in use: %w", err))
		}
	}
	return c.loaded, nil
}
