"""Tests of the export, runnable by plain `python3 test_export.py`; they take a few seconds and no data."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import nibabel
import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from dataset import Slice, augment, load_phantoms, normalize, preprocess, sagittal_slices
from evaluate import dice_per_set, undo_class_weights
from goldens import randomize, record
from imagenet import load_imagenet
from networks import GOLDENS as CASES
from networks import NETWORKS, MsffResNet18
from train import size_adaptive_loss
from weights_file import exported_state, read_weights, write_weights

HERE = Path(__file__).parent
GOLDENS = HERE.parent / "goldens"


def random_network(seed=0, **options):
    generator = torch.Generator().manual_seed(seed)
    network = MsffResNet18(**{"width": 1 / 8, **options})
    randomize(network, generator)
    return network.eval(), generator


class Network(unittest.TestCase):
    def test_parameter_names_of_the_encoder_are_torchvisions(self):
        names = exported_state(MsffResNet18().state_dict())
        self.assertEqual(list(names["layer4.0.downsample.1.running_var"].shape), [512])
        self.assertEqual(list(names["conv1.weight"].shape), [64, 3, 7, 7])
        self.assertEqual(list(names["msff.project.conv.weight"].shape), [512, 8 * 64, 1, 1])
        self.assertEqual(list(names["decoder2.up.weight"].shape), [64, 64, 3, 3])

    def test_sizes_that_do_not_fit_are_refused(self):
        network, _ = random_network()
        with self.assertRaisesRegex(ValueError, "multiples of 32"):
            network(torch.zeros(1, 3, 160, 161))
        with self.assertRaisesRegex(ValueError, "at least 160"):
            network(torch.zeros(1, 3, 128, 160))

    def test_size_adaptive_loss_by_hand(self):
        logits = torch.tensor([[[[0.0, 2.0, 1.0, 0.0]], [[1.0, 0.0, 1.0, 3.0]]]])  # [1, 2, 1, 4]
        labels = torch.tensor([[[0, 0, 0, 1]]])
        loss, shares = size_adaptive_loss(logits, labels, alpha=1)
        p = logits.softmax(dim=1)[0, :, 0]
        expected = -(0.25 * p[0, :3].log().sum() + 0.75 * p[1, 3].log()) / 4
        self.assertAlmostEqual(loss.item(), expected.item(), places=6)
        self.assertEqual(shares.tolist(), [0.75, 0.25])


class WeightsFile(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = str(Path(self.folder.name) / "weights.safetensors")

    def tearDown(self):
        self.folder.cleanup()

    def test_round_trip_is_exact_in_f32_and_close_in_f16(self):
        network, generator = random_network(pools=(2, 3))
        image = torch.randn((1, 3, 96, 128), generator=generator)
        with torch.no_grad():
            expected = network(image)
            for half, limit in ((False, 0.0), (True, 5e-3)):
                write_weights(self.path, network, ["background", "body"], half=half)
                again, labels = read_weights(self.path)
                self.assertEqual(labels, ["background", "body"])
                error = torch.linalg.norm(again(image) - expected) / torch.linalg.norm(expected)
                self.assertLessEqual(error.item(), limit)

    def test_metadata_is_what_the_engine_reads(self):
        write_weights(self.path, random_network()[0], ["background", "body"])
        with safe_open(self.path, "pt") as file:
            metadata, names = file.metadata(), list(file.keys())
        self.assertEqual(metadata["atrous.network"], "msff-resnet18")
        self.assertEqual(json.loads(metadata["atrous.options"]), {
            "classes": 2, "width": 1 / 8, "inChannels": 3, "branchWidth": 64, "rates": [1, 3, 5], "pools": [2, 3, 4, 5],
            "msff": True,
        })
        self.assertFalse([name for name in names if "num_batches_tracked" in name])

    def test_f16_refuses_overflow_and_keeps_dead_channels_harmless(self):
        network, generator = random_network(msff=False)
        network.bn1.running_var[0] = 1e-9  # f16 makes it 0; eps hides the difference
        image = torch.randn((1, 3, 64, 64), generator=generator)
        write_weights(self.path, network, ["a", "b"], half=True)
        with torch.no_grad():
            expected = network(image)
            error = torch.linalg.norm(read_weights(self.path)[0](image) - expected) / torch.linalg.norm(expected)
        self.assertLess(error.item(), 5e-3)
        network.bn1.running_var[0] = 1e6
        with self.assertRaisesRegex(ValueError, "bn1.running_var: f16 overflow"):
            write_weights(self.path, network, ["a", "b"], half=True)

    def test_export_takes_a_wrapped_state_dict_and_names_what_is_missing(self):
        network, _ = random_network()
        state = {f"module.{name}": tensor for name, tensor in network.state_dict().items()}
        checkpoint = str(Path(self.folder.name) / "mine.pt")
        torch.save({"state_dict": state}, checkpoint)
        command = [sys.executable, HERE / "export.py", checkpoint, self.path, "--width", "0.125"]
        subprocess.run(command, check=True, capture_output=True)
        again, _ = read_weights(self.path)
        self.assertTrue(torch.equal(again.head.conv2.weight, network.head.conv2.weight))
        del state["module.head.conv2.bias"]
        torch.save(state, checkpoint)
        failed = subprocess.run(command, capture_output=True, text=True)
        self.assertNotEqual(failed.returncode, 0)
        self.assertIn("missing head.conv2.bias [2]", failed.stderr)


class Goldens(unittest.TestCase):
    def test_committed_goldens_are_what_torch_computes(self):
        for name, (_, golden) in CASES.items():
            network, _ = read_weights(GOLDENS / name / "model.safetensors")
            with safe_open(GOLDENS / name / "reference.safetensors", "pt") as file:
                order = json.loads(file.metadata()["atrous.order"])
                outputs, _ = record(network, file.get_tensor("input:image"), golden.finest)
                self.assertEqual(list(outputs), order)
                for layer in order:
                    expected = file.get_tensor(f"layer:{layer}")
                    error = torch.linalg.norm(outputs[layer] - expected) / torch.linalg.norm(expected)
                    self.assertLess(error.item(), 1e-5, f"{name} {layer}")


    def test_one_case_is_written_alone_and_with_the_same_bytes(self):
        with tempfile.TemporaryDirectory() as folder:
            contents = []
            for _ in range(2):
                command = [sys.executable, HERE / "goldens.py", folder, "--case", "plain-w8"]
                subprocess.run(command, check=True, capture_output=True)
                contents.append([path.read_bytes() for path in sorted(Path(folder).rglob("*.safetensors"))])
            self.assertEqual(len(contents[0]), 2)
            self.assertEqual(contents[0], contents[1])

    def test_every_network_has_goldens_one_of_them_with_gradients(self):
        for name, network in NETWORKS.items():
            self.assertTrue(any(golden.gradients for golden in network.GOLDENS.values()), name)


class Imagenet(unittest.TestCase):
    def test_folded_weights_give_the_folded_function(self):
        network, generator = random_network(msff=False)
        weight = torch.randn(network.conv1.weight.shape, generator=generator)
        bias = torch.randn(8, generator=generator)
        images = torch.randn((4, 3, 64, 64), generator=generator)
        with tempfile.TemporaryDirectory() as folder:
            save_file({"conv1.weight": weight, "conv1.bias": bias}, f"{folder}/folded.safetensors")
            self.assertEqual(load_imagenet(network, f"{folder}/folded.safetensors", images), ["conv1"])
        expected = torch.nn.functional.conv2d(images, weight, bias, 2, padding=3)
        for training in (False, True):
            network.train(training)
            with torch.no_grad():
                got = network.bn1(network.conv1(images))
            self.assertLess((got - expected).abs().max().item(), 1e-4)


class Data(unittest.TestCase):
    def test_preprocess_normalises_before_it_pads(self):
        grey = np.arange(170 * 30, dtype=np.float32).reshape(170, 30)
        image = preprocess(grey, random_network()[0])
        self.assertEqual(list(image.shape), [1, 3, 192, 160])
        inside = image[0, 1, :170, :30].numpy()
        self.assertAlmostEqual(inside.mean(), 0, places=5)
        self.assertAlmostEqual(inside.std(), 1, places=5)
        self.assertEqual(image[0, :, 170:].abs().sum() + image[0, :, :, 30:].abs().sum(), 0)
        self.assertEqual(np.abs(normalize(np.full((4, 4), 7.0))).sum(), 0)

    def test_augmented_mask_follows_the_image(self):
        grey = np.zeros((120, 90), dtype=np.float32)
        grey[40:80, 30:60] = 100
        item = Slice("VB1", "VB1/0", "VB1/0_0", grey, (grey > 0).astype(np.uint8))
        rng = np.random.default_rng(0)
        for _ in range(20):
            image, mask = augment(item, 96, rng)
            if mask.sum() > 100 and (mask == 0).sum() > 100:
                self.assertGreater(image[mask == 1].mean(), image[mask == 0].mean() + 1)

    def test_sagittal_slices_show_the_head_up_and_the_belly_left(self):
        volume = np.zeros((3, 8, 6), dtype=np.float32)  # left, posterior, inferior, as the affine below says
        volume[:, 0, 0] = 1  # the most anterior, most superior voxel
        affine = np.diag([-4.0, -1.0, -1.0, 1.0])
        with tempfile.TemporaryDirectory() as folder:
            for name in ("seed-0", "seed-0-truth", "seed-7", "seed-7-truth"):
                nibabel.save(nibabel.Nifti1Image(volume, affine), f"{folder}/{name}.nii.gz")
            slices = sagittal_slices(f"{folder}/seed-7.nii.gz", "nearest")
            self.assertEqual(slices.shape, (3, 6, 8))
            self.assertTrue((slices[:, 0, 0] == 1).all() and slices.sum() == 3)
            self.assertEqual({item.volume for item in load_phantoms(folder)}, {"phantom/seed-7"})
            self.assertEqual({item.volume for item in load_phantoms(folder, evaluation=True)}, {"phantom/seed-0"})


class Score(unittest.TestCase):
    def test_pooled_and_per_volume_dice(self):
        rows = [
            {"set": "VB1", "volume": "VB1/1", "predicted": 10, "truth": 10, "intersection": 10},
            {"set": "VB1", "volume": "VB1/2", "predicted": 2, "truth": 2, "intersection": 0},
        ]
        result = dice_per_set(rows)["VB1"]
        self.assertAlmostEqual(result["pooled"], 20 / 24)
        self.assertAlmostEqual(result["perVolume"], 0.5)

    def test_class_weights_are_undone_inside_the_block_only(self):
        network, _ = random_network()
        before = network.head.conv2.bias.detach().clone()
        for alpha in (1, 0.5, 0):
            with undo_class_weights(network, 0.05, alpha):
                self.assertAlmostEqual((before - network.head.conv2.bias)[1].item(), alpha * np.log(19), places=5)
            self.assertTrue(torch.equal(before, network.head.conv2.bias))


if __name__ == "__main__":
    unittest.main()
