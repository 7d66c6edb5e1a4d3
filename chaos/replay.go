package chaos

import (
	"bytes"
	"context"
	"io"
	"net/http"
)

// replayable returns a function that copies the request, body included, any
// number of times. The request itself is used up.
func replayable(request *http.Request) (func(context.Context) (*http.Request, error), error) {
	body, err := bodies(request)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (*http.Request, error) {
		again := request.Clone(ctx)
		var err error
		again.Body, err = body()
		return again, err
	}, nil
}

// bodies returns a function that makes the request's body again and again.
func bodies(request *http.Request) (func() (io.ReadCloser, error), error) {
	if request.Body == nil || request.Body == http.NoBody {
		return func() (io.ReadCloser, error) { return request.Body, nil }, nil
	}
	defer drop(request)
	if request.GetBody != nil {
		return request.GetBody, nil
	}
	content, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }, nil
}

// send delivers one copy and throws its answer away. It returns the status.
func send(ctx context.Context, next http.RoundTripper, copied func(context.Context) (*http.Request, error)) (int, error) {
	request, err := copied(ctx)
	if err != nil {
		return 0, err
	}
	response, err := next.RoundTrip(request)
	if err != nil {
		return 0, err
	}
	discard(response)
	return response.StatusCode, nil
}
