package webhook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	// minDelay and maxDelay are the delays between two attempts.
	minDelay = time.Second
	maxDelay = time.Minute

	// retryTimeout is how long the sink retries one event before it drops the event.
	retryTimeout = 10 * time.Minute

	// maxRetryAfter limits the delay that a server may request.
	maxRetryAfter = retryTimeout / 2

	// maxResponse is how much of a response is read, in bytes. A connection can only be
	// reused after its response was read.
	maxResponse = 64 << 10
)

// run delivers jobs until the sink is closed and its queue is empty.
func (s *Sink) run() {
	defer close(s.done)
	for {
		j, ok := s.next()
		if !ok {
			return
		}
		if err := s.deliver(j); err != nil {
			if !errors.Is(err, context.Canceled) { // Close counts these events
				s.reportProblem(err, eventDropped)
			}
			s.mu.Lock()
			s.dropped++
			s.mu.Unlock()
		} else if s.reported != "" {
			s.reported = ""
			s.config.Log(s.name + ": works again")
		}
	}
}

// deliver sends a job until the server accepts or rejects it, or retryTimeout is over.
func (s *Sink) deliver(j job) error {
	_, err := backoff.Retry(s.retries, func() (struct{}, error) {
		return struct{}{}, s.send(j)
	},
		backoff.WithBackOff(&backoff.ExponentialBackOff{
			InitialInterval: minDelay, RandomizationFactor: 0.25, Multiplier: 2, MaxInterval: maxDelay,
		}),
		backoff.WithMaxElapsedTime(retryTimeout),
	)
	return err
}

// send makes one attempt.
func (s *Sink) send(j job) error {
	request, err := s.request(j)
	if err != nil {
		return backoff.Permanent(err)
	}
	response, err := s.client.Do(request)
	if err != nil {
		err = explain(err)
		s.reportProblem(err, retrying)
		return err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxResponse)) // only the status matters
	return s.checkStatus(response)
}

// checkStatus reports an unsuccessful status. The error is permanent unless the status is
// temporary.
func (s *Sink) checkStatus(response *http.Response) error {
	status := fmt.Errorf("the server responded %d %s", response.StatusCode, http.StatusText(response.StatusCode))
	switch code := response.StatusCode; {
	case code < 300:
		return nil
	case code < 400:
		err := errors.New("it redirects to an address that is not followed: use that address instead")
		return backoff.Permanent(err)
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code >= 500:
		s.reportProblem(status, retrying)
		if delay, ok := retryAfter(response.Header.Get("Retry-After"), time.Now()); ok {
			return fmt.Errorf("%w: %w", status, backoff.RetryAfter(int(delay.Seconds())))
		}
		return status
	default:
		return backoff.Permanent(fmt.Errorf("%w; check address and access", status))
	}
}

// retryAfter parses a Retry-After header: seconds or a date (RFC 9110, section 10.2.3).
// The delay is in whole seconds, from one to maxRetryAfter.
func retryAfter(text string, now time.Time) (time.Duration, bool) {
	var delay time.Duration
	if seconds, err := strconv.Atoi(text); err == nil {
		delay = time.Duration(min(max(seconds, 0), int(maxRetryAfter.Seconds()))) * time.Second
	} else if date, err := http.ParseTime(text); err == nil {
		delay = date.Sub(now)
	} else {
		return 0, false
	}
	return min(max(delay.Round(time.Second), time.Second), maxRetryAfter), true
}

// What the sink does after a problem.
const (
	retrying     = "retrying"
	eventDropped = "the event is dropped"
)

// reportProblem reports the first problem of an outage, and each different one that drops
// an event.
func (s *Sink) reportProblem(problem error, next string) {
	text := fmt.Sprintf("%s; %s", problem, next)
	if text != s.reported && (s.reported == "" || next != retrying) && s.requests.Err() == nil {
		s.reported = text
		s.config.Report(fmt.Errorf("%s: %w; %s", s.name, problem, next))
	}
}

// explain removes the address, which may contain secrets, from an error.
func explain(err error) error {
	var u *url.Error
	if !errors.As(err, &u) {
		return err
	}
	if u.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no response within %v", requestTimeout)
	}
	return u.Err
}

// maxRedirects limits the redirects of one request.
const maxRedirects = 5

// checkRedirect follows a redirect only to the same host, because no other may receive
// the event and the credentials; only with the same method, because the event is in the
// body; and never from https to http. Otherwise the client returns the redirect itself.
func checkRedirect(next *http.Request, via []*http.Request) error {
	first := via[0]
	if !strings.EqualFold(next.URL.Hostname(), first.URL.Hostname()) || next.Method != first.Method ||
		first.URL.Scheme == "https" && next.URL.Scheme != "https" || len(via) > maxRedirects {
		return http.ErrUseLastResponse
	}
	return nil
}
