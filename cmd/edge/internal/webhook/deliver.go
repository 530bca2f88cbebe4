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
	firstWait   = time.Second
	longestWait = time.Minute

	// longestRetry is for how long one event is tried: then the next has its turn.
	longestRetry = 10 * time.Minute

	// longestAsked bounds the wait that a server may ask for.
	longestAsked = longestRetry / 2

	// maxAnswer is how much of an answer is read, in bytes, so that the connection can
	// be used again.
	maxAnswer = 64 << 10
)

// run delivers jobs until the sink is closed and nothing waits.
func (s *Sink) run() {
	defer close(s.done)
	for {
		j, ok := s.next()
		if !ok {
			return
		}
		if err := s.deliver(j); err != nil {
			s.mu.Lock()
			s.dropped++
			s.mu.Unlock()
		} else if s.told != "" {
			s.told = ""
			s.config.Log(s.name + ": works again")
		}
	}
}

// deliver sends a job until the server has it, rejects it, or it takes too long.
func (s *Sink) deliver(j job) error {
	_, err := backoff.Retry(s.open, func() (struct{}, error) {
		return struct{}{}, s.send(j)
	},
		backoff.WithBackOff(&backoff.ExponentialBackOff{
			InitialInterval: firstWait, RandomizationFactor: 0.25, Multiplier: 2, MaxInterval: longestWait,
		}),
		backoff.WithMaxElapsedTime(longestRetry),
	)
	return err
}

// send makes one attempt. It reports a problem that is another than the last.
func (s *Sink) send(j job) error {
	request, err := s.request(j)
	if err != nil {
		return backoff.Permanent(err)
	}
	answer, err := s.client.Do(request)
	if err != nil {
		err = explain(err)
		s.tell(err, tryAgain)
		return err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer)) // the status is what counts
	return s.judge(answer)
}

// judge decides by the status whether to try again.
func (s *Sink) judge(answer *http.Response) error {
	status := fmt.Errorf("the answer is %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	switch code := answer.StatusCode; {
	case code < 300:
		return nil
	case code < 400:
		err := errors.New("it redirects elsewhere, which is not followed: give the address that it redirects to")
		s.tell(err, dropped)
		return backoff.Permanent(err)
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code >= 500:
		s.tell(status, tryAgain)
		if wait, ok := retryAfter(answer.Header.Get("Retry-After"), time.Now()); ok {
			return backoff.RetryAfter(int(wait.Seconds()))
		}
		return status
	default:
		s.tell(status, "check address and access; "+dropped)
		return backoff.Permanent(status)
	}
}

// retryAfter reads the header of that name, seconds or a date (RFC 9110, section
// 10.2.3), in whole seconds from one up.
func retryAfter(text string, now time.Time) (time.Duration, bool) {
	var wait time.Duration
	if seconds, err := strconv.Atoi(text); err == nil {
		wait = time.Duration(min(max(seconds, 0), int(longestAsked.Seconds()))) * time.Second
	} else if date, err := http.ParseTime(text); err == nil {
		wait = date.Sub(now)
	} else {
		return 0, false
	}
	return min(max(wait.Round(time.Second), time.Second), longestAsked), true
}

// What follows a problem.
const (
	tryAgain = "trying again"
	dropped  = "the event is dropped"
)

// tell reports the first problem of an outage, and each other one that drops events.
func (s *Sink) tell(problem error, next string) {
	text := problem.Error()
	if text != s.told && (s.told == "" || next != tryAgain) && s.requests.Err() == nil {
		s.told = text
		s.config.Report(fmt.Errorf("%s: %w; %s", s.name, problem, next))
	}
}

// explain takes the address, which may hold secrets, off an error.
func explain(err error) error {
	var u *url.Error
	if !errors.As(err, &u) {
		return err
	}
	if u.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %v", requestTimeout)
	}
	return u.Err
}

// maxRedirects is how often a request is passed on.
const maxRedirects = 5

// checkRedirect follows a redirect only to the same host, for the event and the
// credentials are for nobody else, only with the same method, for the event is in the
// body, and never from https to http. Otherwise the answer is the redirect.
func checkRedirect(next *http.Request, before []*http.Request) error {
	first := before[0]
	if !strings.EqualFold(next.URL.Hostname(), first.URL.Hostname()) || next.Method != first.Method ||
		first.URL.Scheme == "https" && next.URL.Scheme != "https" || len(before) > maxRedirects {
		return http.ErrUseLastResponse
	}
	return nil
}
