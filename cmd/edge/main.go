// Edge names what a camera or a picture shows, with a network that is built in.
package main

import "os"

func main() { os.Exit(execute(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
