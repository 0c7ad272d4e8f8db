// Command extproc is what Attaché is measured against: an external processor as one writes it in Go, with grpc-go and
// go-control-plane, that gives every request the same authorization. It looks nothing up and decides nothing.
//
// Usage: extproc SOCKET
package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// processor answers every question about request headers alike.
type processor struct {
	extprocv3.UnimplementedExternalProcessorServer
}

func (processor) Process(stream grpc.BidiStreamingServer[extprocv3.ProcessingRequest, extprocv3.ProcessingResponse]) error {
	for {
		question, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if question.GetRequestHeaders() == nil {
			return status.Error(codes.InvalidArgument, "not about request headers")
		}
		if err := stream.Send(authorized("Bearer the-same-for-all-requests")); err != nil {
			return err
		}
	}
}

func authorized(value string) *extprocv3.ProcessingResponse {
	authorization := &corev3.HeaderValueOption{
		Header:       &corev3.HeaderValue{Key: "authorization", RawValue: []byte(value)},
		AppendAction: corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
	}
	mutation := &extprocv3.HeaderMutation{SetHeaders: []*corev3.HeaderValueOption{authorization}}
	return &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_RequestHeaders{
		RequestHeaders: &extprocv3.HeadersResponse{Response: &extprocv3.CommonResponse{HeaderMutation: mutation}},
	}}
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: extproc SOCKET")
		os.Exit(2)
	}
	if err := serve(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(socket string) error {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	extprocv3.RegisterExternalProcessorServer(server, processor{})
	return server.Serve(listener)
}
