// A store that speaks as S3 does and checks signatures: versitygw, over two folders. Its environment names everything.
package main

import (
	"context"
	"log"
	"os"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

func main() {
	attributes, err := meta.NewSideCar(os.Getenv("ATTRIBUTES"))
	if err != nil {
		log.Fatal(err)
	}
	store, err := posix.New(os.Getenv("OBJECTS"), attributes, posix.PosixOpts{SideCarDir: os.Getenv("ATTRIBUTES"), CopyObjectThreshold: 5 << 30})
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(embedgw.RunVersityGW(context.Background(), store, &embedgw.Config{
		RootUserAccess:    os.Getenv("ACCESS_KEY_ID"),
		RootUserSecret:    os.Getenv("SECRET_ACCESS_KEY"),
		Region:            os.Getenv("REGION"),
		Ports:             []string{os.Getenv("LISTEN")},
		CertFile:          os.Getenv("CERTIFICATE"),
		KeyFile:           os.Getenv("PRIVATE_KEY"),
		MaxConnections:    1000,
		MaxRequests:       1000,
		MultipartMaxParts: 10000,
		Quiet:             true,
	}))
}
