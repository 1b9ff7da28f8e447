// Kustomizations: built, and every object decoded into Kubernetes' and KEDA's own types, strictly.
// An unknown field, a wrong type or an unknown kind is an error.
package main

import (
	"encoding/json"
	"fmt"

	keda "github.com/kedacore/keda/v2/apis/keda/v1alpha1"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// kubernetes returns the objects of a kustomization.
func kubernetes(directory string) ([]json.RawMessage, error) {
	if err := keda.AddToScheme(scheme.Scheme); err != nil {
		return nil, err
	}
	codecs := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict)
	decoder := codecs.UniversalDeserializer()
	kustomizer := krusty.MakeKustomizer(krusty.MakeDefaultOptions())
	resources, err := kustomizer.Run(filesys.MakeFsOnDisk(), directory)
	if err != nil {
		return nil, err
	}
	objects := []json.RawMessage{}
	for _, resource := range resources.Resources() {
		document, err := resource.MarshalJSON()
		if err != nil {
			return nil, err
		}
		if _, _, err := decoder.Decode(document, nil, nil); err != nil {
			return nil, fmt.Errorf("%s %s: %w", resource.GetKind(), resource.GetName(), err)
		}
		objects = append(objects, document)
	}
	return objects, nil
}
